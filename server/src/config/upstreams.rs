//! The services that are asked: chat models, the description service, embeddings; how each is spoken to.

use super::ConfigError;
use super::layers::Layers;
use crate::description;
use crate::llm::http::Transport;
use crate::llm::{embeddings, openai};

/// The services that are asked.
pub(super) struct Upstreams {
    pub(super) llm: Option<openai::Endpoint>,
    pub(super) embeddings: Option<embeddings::Endpoint>,
    pub(super) vlm: Option<description::Endpoint>,
}

/// The names of a service's keys for its certificates.
struct Certificates {
    authority: &'static str,
    certificate: &'static str,
    key: &'static str,
}

const OF_LLM: Certificates =
    Certificates { authority: "llm_ca", certificate: "llm_client_cert", key: "llm_client_key" };
const OF_VLM: Certificates =
    Certificates { authority: "vlm_ca", certificate: "vlm_client_cert", key: "vlm_client_key" };
const OF_EMBEDDINGS: Certificates = Certificates {
    authority: "embeddings_ca",
    certificate: "embeddings_client_cert",
    key: "embeddings_client_key",
};

pub(super) fn upstreams(layers: &Layers) -> Result<Upstreams, ConfigError> {
    // Who gives turns more time has a slow model.
    let turn = layers.positive("turn_timeout")?;
    let bound = |name, default| if layers.text(name).is_some() { layers.positive(name) } else { Ok(default) };
    let llm = openai::Endpoint {
        urls: layers.all("llm_url"),
        model: layers.text("llm_model"),
        convert_model: layers.text("convert_model"),
        select_model: layers.text("select_model"),
        rewrite_model: layers.text("rewrite_model"),
        key: api_key(),
        transport: Transport {
            connect: layers.positive("llm_connect_timeout")?,
            first_token: bound("llm_first_token_timeout", turn / 2)?,
            idle: layers.positive("llm_idle_timeout")?,
            total: bound("llm_timeout", turn)?,
            ..transport(layers, &OF_LLM)?
        },
    };
    // The key is the models': it goes to no other host.
    let key_for = |urls: &[String]| api_key().filter(|_| urls.iter().all(|url| may_have_key(url, &llm.urls)));
    let embeddings = match layers.text("embeddings_url") {
        None => None,
        Some(url) => Some(embeddings::Endpoint {
            key: key_for(std::slice::from_ref(&url)),
            url,
            model: layers.text("embeddings_model"),
            query_prefix: layers.text("embeddings_query_prefix"),
            passage_prefix: layers.text("embeddings_passage_prefix"),
            transport: transport(layers, &OF_EMBEDDINGS)?,
        }),
    };
    let urls = layers.all("user_description_server");
    let vlm = description::Endpoint {
        key: layers.text("vlm_key").or_else(|| key_for(&urls)),
        urls,
        api: layers.choice("vlm_api", &description::Api::NAMES)?,
        model: layers.text("vlm_model"),
        expression: layers.bool("vlm_expression")?,
        transport: transport(layers, &OF_VLM)?,
    };
    Ok(Upstreams {
        llm: (!llm.urls.is_empty()).then_some(llm),
        embeddings,
        vlm: (!vlm.urls.is_empty()).then_some(vlm),
    })
}

fn transport(layers: &Layers, of: &Certificates) -> Result<Transport, ConfigError> {
    let read = |name: &'static str| match layers.text(name) {
        None => Ok(None),
        Some(path) => std::fs::read(&path).map(Some).map_err(|error| {
            layers.wrong(name, &format!("can't be read: {error}"), "name a file in PEM, or leave the key out")
        }),
    };
    let identity = match (read(of.certificate)?, read(of.key)?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some([certificate, vec![b'\n'], key].concat()),
        (Some(_), None) => {
            return Err(layers.wrong(of.certificate, "has no key", "name the key's file as well"));
        }
        (None, Some(_)) => {
            return Err(layers.wrong(of.key, "has no certificate", "name the certificate's file as well"));
        }
    };
    Ok(Transport { authority: read(of.authority)?, identity, ..Transport::default() })
}

/// The key of model services.
fn api_key() -> Option<String> {
    std::env::var("OPENAI_API_KEY").ok().filter(|key| !key.is_empty())
}

fn may_have_key(url: &str, models: &[String]) -> bool {
    let host = |url: &str| reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    models.is_empty() || models.iter().any(|model| host(model).is_some() && host(model) == host(url))
}
