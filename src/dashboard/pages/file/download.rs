//! `/dashboard/projects/:id/download/*path`

use http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use http::{Method, Response};

use crate::api::Error;
use crate::dashboard::format::{Query, api_file_address};
use crate::dashboard::visit::Visit;
use crate::domain::{FilePath, ProjectId};

/// Answers the bytes of a file, or with `rev` of an older version, as the API does: always a download. Should a
/// browser show it all the same, nothing in it runs.
pub fn download_file(
    visit: &Visit,
    id: &ProjectId,
    path: &FilePath,
) -> Result<Response<Vec<u8>>, Error> {
    let rev = visit.parameter("rev").unwrap_or_default();
    let file = api_file_address(id.as_str(), path.as_str());
    let file = Query(&file, &[("rev", &rev)]).to_string();
    let mut response = visit.ask(Method::GET, &file, &())?;
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}
