//! The functions of a component that takes a request, and returns its answer, in one piece (`exchange` in
//! `wit/world.wit`), where those of `wasi:http` take some twenty calls.

use http::Response;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use kamiflow_sync_component::api::message::{read_answer, write_head};
use tokio::sync::oneshot;
use wasmtime::component::{ComponentExportIndex, Instance, InstancePre, Resource, TypedFunc};
use wasmtime::{Store, format_err};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::HostIncomingBody;
use wasmtime_wasi_http::p2::types::HostResponseOutparam;
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, WasiBody, WasiHttpView};

use super::state::GuestState;

const INTERFACE: &str = "kamiflow:sync/exchange@2.0.0";

type Handle = TypedFunc<(Vec<u8>, Option<Resource<HostIncomingBody>>), ((Vec<u8>, bool),)>;
type Finish = TypedFunc<(Option<Resource<HostResponseOutparam>>,), ()>;

/// What a guest gives as its answer.
pub type Answer = Result<Response<WasiBody>, ErrorCode>;

/// Where a component has the functions.
#[derive(Clone, Copy)]
pub struct Exports {
    handle: ComponentExportIndex,
    finish: ComponentExportIndex,
}

/// The functions of an instance.
pub struct Exchange {
    handle: Handle,
    finish: Finish,
}

/// A request for them.
pub struct Message {
    head: Vec<u8>,
    body: Option<WasiBody>,
}

impl Message {
    /// Leaves out what a guest of `wasi:http` does not see either.
    pub fn new(head: &Parts, body: Option<WasiBody>) -> Self {
        // A constant that is made anew wherever it is named.
        let forbidden = DEFAULT_FORBIDDEN_HEADERS;
        let headers = head.headers.iter();
        let headers = headers.filter(|(name, _)| !forbidden.contains(name));
        let target = head.uri.path_and_query();
        let target = target.map_or("", |target| target.as_str());
        Self {
            head: write_head(&head.method, target, headers),
            body,
        }
    }
}

impl Exports {
    /// `None` for a component without them.
    pub fn of<T>(component: &InstancePre<T>) -> Option<Self> {
        let component = component.component();
        let interface = component.get_export_index(None, INTERFACE)?;
        Some(Self {
            handle: component.get_export_index(Some(&interface), "handle")?,
            finish: component.get_export_index(Some(&interface), "finish")?,
        })
    }

    pub fn load(
        &self,
        store: &mut Store<GuestState>,
        instance: &Instance,
    ) -> wasmtime::Result<Exchange> {
        Ok(Exchange {
            handle: instance.get_typed_func(&mut *store, self.handle)?,
            finish: instance.get_typed_func(store, self.finish)?,
        })
    }
}

impl Exchange {
    pub async fn call(
        &self,
        store: &mut Store<GuestState>,
        Message { head, body }: Message,
        sender: oneshot::Sender<Answer>,
    ) -> wasmtime::Result<()> {
        let table = store.data_mut().http().table;
        let body = body.map(|body| table.push(HostIncomingBody::new(body)));
        let call = self
            .handle
            .call_async(&mut *store, (head, body.transpose()?));
        let ((answer, is_unfinished),) = call.await?;
        let outparam = if answer.is_empty() {
            Some(store.data_mut().http().new_response_outparam(sender)?)
        } else {
            // The client may be gone.
            _ = sender.send(Ok(read(answer)?));
            None
        };
        if is_unfinished {
            self.finish.call_async(store, (outparam,)).await
        } else {
            Ok(())
        }
    }
}

fn read(answer: Vec<u8>) -> wasmtime::Result<Response<WasiBody>> {
    let answer = read_answer(answer).ok_or_else(|| format_err!("the answer is malformed"))?;
    Ok(answer.map(|body| {
        let body = Full::new(body);
        body.map_err(|never| match never {}).boxed_unsync()
    }))
}
