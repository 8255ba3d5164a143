//! HTTP calls to other services.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::core::Headers;
use crate::core::headers::to_pairs;
use crate::core::id_map::IdMap;
use crate::error::Error;
use crate::headers;
use crate::hostcalls::{BufferType, MapType, Named as _, RawCall, host};
use crate::message::checked;
use crate::slot::Slot;

thread_local! {
    static PENDING: RefCell<IdMap<u32, Rc<Pending>>> = RefCell::default();
}

/// An HTTP request that a filter makes: to a cluster of the proxy's configuration, by name.
#[must_use = "it is made when it is given to `call`"]
#[derive(Debug, Clone)]
pub struct Call {
    cluster: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    timeout: Duration,
    limit: usize,
}

/// What a call was answered. The proxy answers in the callee's place: 504 when it took too long, 503 when there was no
/// connection or it broke (rule C3).
#[derive(Debug, Clone)]
pub struct Answer {
    headers: Headers,
    body: Vec<u8>,
    trailers: Headers,
}

/// A call that is on its way. Dropped, its answer is not waited for.
#[must_use = "nothing is called until it is awaited"]
pub struct Calling {
    state: State,
}

enum State {
    Begins(Box<Call>),
    Waits(u32, Rc<Pending>),
    Over,
}

/// A call that is not answered.
struct Pending {
    cluster: String,
    limit: usize,
    answer: Slot<Result<Answer, Error>>,
}

/// How long a call may take, and how large its answer may be, when it does not say.
const TIMEOUT: Duration = Duration::from_secs(5);
const LIMIT: usize = 1024 * 1024;

/// The host has an answer to the call of that token: so many headers, bytes of body, and trailers.
pub(crate) fn answered(token: u32, sizes: (u32, u32, u32)) {
    // Nobody waits any more: its stream is over.
    let Some(pending) = PENDING.with(|pending| pending.borrow_mut().remove(&token)) else {
        return;
    };
    pending.answer.bring(read(&pending, sizes));
}

fn read(pending: &Pending, (count, size, trailers): (u32, u32, u32)) -> Result<Answer, Error> {
    if count == 0 {
        let (_, message) = host().get_status().named("get_status", b"")?;
        return Err(Error::CallFailed {
            cluster: pending.cluster.clone(),
            message: String::from_utf8_lossy(&message).into_owned(),
        });
    }
    if size as usize > pending.limit {
        return Err(Error::CallFailed {
            cluster: pending.cluster.clone(),
            message: format!("the answer has more than {} bytes", pending.limit),
        });
    }
    Ok(Answer {
        headers: headers::get(MapType::HttpCallResponseHeaders)?,
        body: body(size)?,
        trailers: match trailers {
            0 => Headers::default(),
            _ => headers::get(MapType::HttpCallResponseTrailers)?,
        },
    })
}

fn body(size: u32) -> Result<Vec<u8>, Error> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let bytes = host().get_buffer_bytes(BufferType::HttpCallResponseBody, 0, size as usize);
    Ok(bytes.named("get_buffer_bytes", b"answer")?)
}

// === impl Call ===

impl Call {
    /// A `GET` of a path (with its query) at a cluster.
    pub fn get(cluster: impl Into<String>, path: impl AsRef<str>) -> Self {
        Self::new("GET", cluster, path)
    }

    /// A `POST` of a body to a path (with its query) at a cluster.
    pub fn post(
        cluster: impl Into<String>,
        path: impl AsRef<str>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            body: body.into(),
            ..Self::new("POST", cluster, path)
        }
    }

    /// A request of any method. Its `:authority` is the cluster's name, until you say otherwise.
    pub fn new(method: impl AsRef<str>, cluster: impl Into<String>, path: impl AsRef<str>) -> Self {
        let cluster = cluster.into();
        let pseudo = [
            (":method", method.as_ref()),
            (":path", path.as_ref()),
            (":authority", cluster.as_str()),
        ];
        let headers = pseudo.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        Self {
            headers: headers.into(),
            cluster,
            body: Vec::new(),
            timeout: TIMEOUT,
            limit: LIMIT,
        }
    }

    /// With this `:authority`.
    pub fn authority(mut self, authority: impl AsRef<[u8]>) -> Self {
        self.headers.retain(|(name, _)| name != ":authority");
        self.header(":authority", authority)
    }

    /// With one more header.
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Answered within this time, or by the proxy (5 s unless you say otherwise).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With an answer of at most so many bytes (1 MiB unless you say otherwise).
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    fn begin(self) -> Result<(u32, Rc<Pending>), Error> {
        for (name, value) in &self.headers {
            checked(name, value)?;
        }
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_bytes(), value.as_slice()));
        let token = host().http_call(RawCall {
            cluster: self.cluster.as_bytes(),
            headers: &to_pairs(headers),
            body: &self.body,
            trailers: &[],
            timeout: self.timeout,
        });
        let token = token.named("http_call", self.cluster.as_bytes())?;
        let pending = Rc::new(Pending {
            cluster: self.cluster,
            limit: self.limit,
            answer: Slot::new(),
        });
        PENDING.with(|all| all.borrow_mut().insert(token, Rc::clone(&pending)));
        Ok((token, pending))
    }
}

// === impl Answer ===

impl Answer {
    /// Its status code; 0 where that is no number.
    #[must_use]
    pub fn status(&self) -> u16 {
        headers::status(self.headers.get(":status"))
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name)
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Its trailers.
    #[must_use]
    pub fn trailers(&self) -> &Headers {
        &self.trailers
    }
}

// === impl Calling ===

impl Calling {
    pub(crate) fn new(call: Call) -> Self {
        Self {
            state: State::Begins(Box::new(call)),
        }
    }

    fn wait(&self, context: &Context<'_>) -> Poll<Result<Answer, Error>> {
        match &self.state {
            State::Waits(_, pending) => pending.answer.poll(context),
            State::Begins(_) | State::Over => Poll::Pending,
        }
    }
}

impl Future for Calling {
    type Output = Result<Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Begins(call) => {
                let (token, pending) = call.begin()?;
                State::Waits(token, pending)
            }
            state => state,
        };
        let answer = self.wait(context);
        if answer.is_ready() {
            self.state = State::Over;
        }
        answer
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        if let State::Waits(token, _) = self.state {
            // Nothing is there any more where a native test's thread ends.
            let _ = PENDING.try_with(|pending| pending.borrow_mut().remove(&token));
        }
    }
}

impl fmt::Debug for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").finish_non_exhaustive()
    }
}
