//! Cases that hold, cases that do not, and how the difference reads.

use super::*;

const HEAD: &str = "plugins: [{module: authz, configuration: {a: 1}}]
routes: [{state: {meshwright.destination: v2}, cluster: v2}, {cluster: v1}]
keys: {demo: {pem: ../../keys/demo.pem}}
tokens: {good: {key: demo, kid: k, claims: {sub: jason, exp: now+1h}}, raw: {text: no-token}}
cases:
";

fn case(step: &str) -> String {
    format!("{HEAD}- name: a\n{step}\n")
}

fn only(mut failures: Vec<String>) -> String {
    assert_eq!(failures.len(), 1, "{failures:?}");
    failures.remove(0)
}

#[test]
fn a_request_reaches_the_upstream_and_the_answer_comes_back() {
    holds(&case(
        "  request: {method: POST, path: '/x?y=1', authority: 'reviews:9080', headers: {a: [1, two], b: '{{hex:ff}}'}, body: hello}
  upstream: {status: 201, headers: {x-up: [a, b]}, body: made}
  expect:
    status: 201
    body: made
    headers: {x-up: [a, b], x-none: null, date: {present: true}}
    upstream:
      cluster: v1
      method: POST
      path: {prefix: /x}
      authority: reviews:9080
      headers: {a: ['1', {regex: '^t.o$'}], b: '{{hex:ff}}', x-proxy: {contains: e}, deny: null}
      body: hello
    logs: [{plugin: authz, level: info, contains: 'saw POST /x with {\"a\":1}'}, {regex: 'POST .x'}]
    noLogs: [{level: error}]",
    ));
}

#[test]
fn the_default_answer_says_where_the_request_went() {
    holds(&case(
        "  request: {path: /p, headers: {end-user: v2}}
  expect: {status: 200, body: {json: {cluster: v2, method: GET, path: /p}}, upstream: {cluster: v2, authority: example.com}}",
    ));
}

#[test]
fn a_path_arrives_as_it_was_written() {
    for protocol in ["http1", "http2"] {
        holds(&case(&format!(
            "  request: {{protocol: {protocol}, path: '//a/../%2e;b=1?c={{{{hex:7e}}}}'}}
  expect: {{upstream: {{path: '//a/../%2e;b=1?c=~'}}}}",
        )));
    }
}

#[test]
fn http2_carries_trailers_and_repeated_headers() {
    holds(&case(
        "  request: {protocol: http2, method: POST, authority: a.example, headers: {a: [1, 2]}, body: x, trailers: {t: end}}
  expect: {upstream: {authority: a.example, headers: {a: [1, 2], t: end}, body: x}}",
    ));
}

#[test]
fn a_denied_request_reaches_no_upstream() {
    holds(&case(
        "  request: {headers: {deny: 1}}
  expect: {status: 403, body: 'RBAC: access denied', upstream: none}",
    ));
}

#[test]
fn a_token_is_sent_and_can_be_expected() {
    holds(&case(
        "  request: {token: good, headers: {x-payload: '{{payload:good}}', x-to: '{{listener}}'}}
  expect: {upstream: {headers: {authorization: 'Bearer {{token:good}}', x-payload: {prefix: eyJ}, x-to: '{{listener}}'}}}",
    ));
}

#[test]
fn steps_see_only_their_own_requests_and_logs() {
    holds(&case(
        "  steps:
  - request: {path: /one}
    upstream: {body: first}
    expect: {body: first, upstream: {path: /one}, logs: [{contains: /one}]}
  - request: {headers: {deny: 1}}
    expect: {upstream: none, noLogs: [{contains: /one}]}",
    ));
}

#[test]
fn the_clock_of_the_file_is_set_and_tokens_follow_it() {
    let file = format!(
        "clock: 2026-06-01T00:00:00Z\n{HEAD}- name: a\n  request: {{headers: {{x-exp: '{{{{now+1h}}}}'}}}}\n  expect: {{upstream: {{headers: {{x-now: 1780272000, x-exp: 1780275600}}}}}}\n"
    );
    holds(&file);
}

#[test]
fn a_wrong_expectation_reads_as_a_difference() {
    let failure = only(failures(
        &case(
            "  request: {path: /p, headers: {a: [x, y]}}
  expect:
    status: 401
    headers: {content-type: null}
    body: {json: {cluster: v1, method: GET, path: /q}}
    upstream: {cluster: v2, method: PUT, headers: {a: x, b: y}}
    logs: [{plugin: authz, level: warn, contains: no}]
    noLogs: [{contains: saw}]",
        ),
        &[none],
    ));
    let (place, rest) = failure.split_once('\n').unwrap();
    assert!(
        place.ends_with("tests/scenarios/sub/case.yaml:6"),
        "{place}"
    );
    let expected = r#"on runner: not as expected
  status: expected 401, got 200
  header `content-type`: expected none, got "application/json"
  body: not as expected:
    --- expected
    +++ got
    @@ -1,5 +1,5 @@
     {
       "cluster": "v1",
       "method": "GET",
    -  "path": "/q"
    +  "path": "/p"
     }
    
  upstream cluster: expected `v2`, got `v1`
  upstream method: expected "PUT", got "GET"
  upstream header `a`: expected "x", got "x", "y"
  upstream header `b`: expected "y", got none
  logs: expected a line of `authz` at warn that contains "no", got
    authz info: saw GET /p with {"a":1}
  logs: expected no line like `saw GET /p with {"a":1}`
  (response 200 "{\"cluster\":\"v1\",\"method\":\"GET\",\"path\":\"/p\"}"; upstream received `GET /p` on `v1`)"#;
    assert_eq!(rest, expected, "{rest}");
}

#[test]
fn a_failed_step_says_which_one_it_is() {
    let steps = "  steps: [{request: {}, expect: {}}, {request: {headers: {deny: 1}}, expect: {upstream: {path: /}}}]";
    let failure = only(failures(&case(steps), &[none]));
    assert!(
        failure.contains(
            "on runner: step 2: not as expected\n  upstream: expected a request, received none"
        ),
        "{failure}"
    );
    let forwarded = only(failures(
        &case("  request: {}\n  expect: {upstream: none}"),
        &[none],
    ));
    assert!(
        forwarded.contains("upstream: expected no request, received `GET /` on `v1`"),
        "{forwarded}"
    );
}

#[test]
fn two_proxies_that_do_the_same_agree_although_their_clocks_differ() {
    let file = format!("clock: 2026-06-01T00:00:00Z\n{}", case(
        "  request: {token: good, headers: {x-exp: '{{now+1h}}', x-to: '{{listener}}', x-request-id: 1}}
  expect: {upstream: {headers: {authorization: 'Bearer {{token:good}}'}}}",
    ));
    let no_clock: proxy::Quirk = |request| {
        request.headers_mut().remove("x-now");
    };
    assert_eq!(failures(&file, &[no_clock, no_clock]), Vec::<String>::new());
}

#[test]
fn a_disagreement_is_shown_side_by_side() {
    let shout: proxy::Quirk = |request| {
        request
            .headers_mut()
            .insert("x-proxy", http::HeaderValue::from_static("YES"));
        request.headers_mut().remove("x-now");
        request
            .headers_mut()
            .insert("x-request-id", http::HeaderValue::from_static("other"));
    };
    let calm: proxy::Quirk = |request| {
        request.headers_mut().remove("x-now");
    };
    let failure = only(failures(
        &case("  request: {}\n  expect: {status: 200}"),
        &[calm, shout],
    ));
    assert!(
        failure.contains("runner and envoy disagree:\n"),
        "{failure}"
    );
    let row = failure
        .lines()
        .find(|line| line.contains("upstream header x-proxy"))
        .unwrap();
    assert!(
        row.contains("\"yes\"") && row.contains("\"YES\""),
        "{failure}"
    );
    assert!(!failure.contains("x-request-id"), "{failure}");
}

#[test]
fn cases_and_differences_are_counted() {
    let suite = Folder::with(&case("  request: {}\n  expect: {}"))
        .load()
        .unwrap();
    let listeners = suite.listeners();
    let shout: proxy::Quirk = |request| {
        request
            .headers_mut()
            .insert("x-more", http::HeaderValue::from_static("1"));
    };
    let subjects = vec![
        proxy::Proxy::start("runner", &listeners, none, true),
        proxy::Proxy::start("envoy", &listeners, shout, true),
    ];
    for job in suite.jobs(subjects, None) {
        assert!((job.run)().is_err());
    }
    let report = suite.report([("envoy".to_owned(), "1.40.0".to_owned())].into());
    assert_eq!((report.cases, report.differences), (Some(1), Some(1)));
}

#[test]
fn a_subject_that_does_not_answer_fails_the_case() {
    let suite = Folder::with(&case("  request: {}\n  expect: {}"))
        .load()
        .unwrap();
    let elsewhere = proxy::Proxy::start("runner", &[], none, true);
    let failure = suite.jobs(vec![elsewhere], None).remove(0);
    let failure = (failure.run)().unwrap_err();
    assert!(
        failure.ends_with("on runner: runner does not serve the listener `sub-case`"),
        "{failure}"
    );
}

#[test]
fn groups_of_different_clocks_run_in_parallel_without_mixing_them() {
    let folder = Folder::with("plugins: []\ncases: [{name: a, request: {}, expect: {}}]\n");
    for year in 2021..2029 {
        let cases = (0..3).map(|n| format!("- {{name: c{n}, request: {{}}, expect: {{upstream: {{headers: {{x-now: '{{{{now}}}}'}}}}}}}}\n"));
        let file = format!(
            "plugins: []\nclock: {year}-01-01T00:00:00Z\ncases:\n{}",
            cases.collect::<String>()
        );
        folder.write(&format!("tests/scenarios/{year}.yaml"), &file);
    }
    let suite = folder.load().unwrap();
    let subject = proxy::Proxy::start("runner", &suite.listeners(), none, true);
    let jobs = suite.jobs(vec![subject], None).into_iter();
    let running = jobs.map(|job| {
        std::thread::spawn(move || (job.run)().map_err(|error| format!("{}: {error}", job.name)))
    });
    for job in running.collect::<Vec<_>>() {
        job.join().unwrap().unwrap();
    }
}
