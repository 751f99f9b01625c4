//! Addresses of pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::addresses::dashboard::HOME;

/// All but what never has a meaning of its own in an address.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The page of a project.
pub fn project_address(id: &str) -> String {
    format!("{HOME}/projects/{}", encode(id))
}

/// The page of a file.
pub fn file_address(project: &str, path: &str) -> String {
    format!("{}/files/{}", project_address(project), encode_path(path))
}

/// The bytes of a file.
pub fn download_address(project: &str, path: &str) -> String {
    format!(
        "{}/download/{}",
        project_address(project),
        encode_path(path)
    )
}

/// What the API has at `what` behind the address of a project.
pub fn api_address(project: &str, what: &str) -> String {
    format!("/v1/projects/{}{what}", encode(project))
}

/// The bytes of a file in the API.
pub fn api_file_address(project: &str, path: &str) -> String {
    api_address(project, &format!("/files/{}", encode_path(path)))
}

/// The key of a device in the API.
pub fn api_key_address(id: &str) -> String {
    format!("/v1/keys/{}", encode(id))
}

fn encode_path(path: &str) -> String {
    let segments: Vec<_> = path.split('/').map(encode).collect();
    segments.join("/")
}

fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::addresses::dashboard::Route;
    use crate::domain::ProjectId;

    #[test]
    fn the_address_of_a_project_leads_back_to_it() {
        for id in ["notes", "ghi chú", "a?b#c%41&\"<script>", "..."] {
            let address = project_address(id);
            assert!(address.is_ascii());
            let id = ProjectId::parse(id.to_owned()).unwrap();
            let found = Route::find(&Method::GET, &address).unwrap();
            assert_eq!(found, Route::Project(id));
        }
    }

    #[test]
    fn a_file_keeps_its_slashes() {
        let address = file_address("a b", "ideas/é?.md");
        assert_eq!(
            address,
            "/dashboard/projects/a%20b/files/ideas/%C3%A9%3F.md"
        );
    }
}
