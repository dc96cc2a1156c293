//! The form that OAuth's endpoints take (RFC 6749 section 3.2).

use web::Request;

use crate::oauth::OauthError;

/// The parameters of a request's body, each at most once.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body. The query is not looked at: what stands there is kept in logs.
    pub(crate) fn of(request: &Request) -> Result<Self, OauthError> {
        if !request.is_form() {
            return Err(OauthError::NoForm);
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(request.body()) {
            // Two readers could each believe another one.  RFC 6749 section 3.2
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(OauthError::Repeated);
            }
            if parameters.len() >= MOST_PARAMETERS {
                return Err(OauthError::NoForm);
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// A parameter; one without a value counts as left out.  RFC 6749 section 3.2
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }
}

const MOST_PARAMETERS: usize = 50;
