//! One fetch of a key set, by the cluster that leads to its issuer (rules J53, J55).

use http::Uri;
use meshwright::prelude::*;
use policy_jwt::{Compat, Document, KeySet, Remote};

use crate::JwtAuth;

/// Far above what issuers publish, low enough to parse in one go.
const LIMIT: usize = 1024 * 1024;

/// The document with the keys, or why it cannot be had.
pub(crate) async fn fetch(
    root: &Root<JwtAuth>,
    remote: &Remote,
    compat: Compat,
) -> Result<String, String> {
    let document = get(root, remote, remote.uri()).await?;
    let document = match remote.document() {
        Document::KeySet => document,
        Document::Discovery => {
            let uri = remote.discovered(document.as_bytes(), compat)?;
            get(root, remote, &uri).await?
        }
    };
    KeySet::parse(document.as_bytes(), compat)?;
    Ok(document)
}

// Redirects are not followed: only the operator, or the issuer, says where keys come from.
async fn get(root: &Root<JwtAuth>, remote: &Remote, uri: &Uri) -> Result<String, String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let call = Call::get(remote.cluster(uri), path)
        .authority(uri.authority().map_or("", |authority| authority.as_str()))
        .header("user-agent", "meshwright-jwt-auth")
        .timeout(remote.timeout())
        .limit(LIMIT);
    let answer = root.call(call).await.map_err(|error| error.to_string())?;
    match answer.status() {
        200 => String::from_utf8(answer.body().to_vec()).map_err(|_| "it is not UTF-8".to_owned()),
        status => Err(format!("the answer is {status}")),
    }
}
