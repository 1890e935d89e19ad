//! One call: from the client's frame to the frames of its reply.

use std::future::poll_fn;
use std::mem;
use std::pin::pin;

use bytes::Bytes;

use super::{Worker, blobs};
use crate::logline::{LogLevel, LogSource};
use crate::process::hop::{CallId, Deadline, Fate, Taint};
use crate::process::link::LinkError;
use crate::protocol::{Dialect, ReplyFault, ReplyValue, Request, WireError};
use crate::runtime::{AppResult, CallBlobs, Failure, Outcome, Trap};

impl Worker {
    /// Serves a call and sends the end of its reply.
    pub(super) fn call(
        &mut self,
        call: CallId,
        deadline: Deadline,
        frame: Bytes,
    ) -> Result<Fate, LinkError> {
        let fate = self.answer(call, deadline, &frame);
        // Where it lies the arbiter may leave the next one as soon as it has the reply.
        drop(frame);
        self.desk.finish(call, fate)?;
        Ok(fate)
    }

    /// Serves a call and writes the end of its reply.
    fn answer(&mut self, call: CallId, deadline: Deadline, frame: &Bytes) -> Fate {
        let dialect = Dialect::of_frame(frame);
        let mut request = match dialect.read_request(frame) {
            Ok(request) => request,
            Err(refused) => {
                let error = refused.to_wire(frame);
                self.desk.write(0, |out| {
                    dialect.write_error(out, refused.id.as_str(), &error);
                });
                return Fate::Healthy;
            }
        };
        self.desk.begin(call, deadline, dialect, &request.id);
        let (reply, fate) = if is_reserved(&request.action) {
            (Err(self.refuse(&request)), Fate::Healthy)
        } else {
            let given = blobs::of_frame(frame, mem::take(&mut request.blobs));
            let outcome = self.run(&request, given);
            let (reply, fate) = self.reply(&request, outcome);
            match self.desk.take_unsendable() {
                Some(fault) => {
                    let message = format!("a chunk of the app's cannot be sent: {fault}");
                    (Err(self.app_error(&request, message, None)), fate)
                }
                None => (reply, fate),
            }
        };
        self.write(dialect, &request, reply);
        fate
    }

    /// Lets the instance serve the call, looking at the mailbox whenever it waits.
    fn run(&mut self, request: &Request<'_>, given: Vec<Bytes>) -> Outcome {
        let Worker {
            runtime,
            instance,
            mailbox,
            desk,
            ..
        } = self;
        // More could not be sent.
        let blobs = CallBlobs::new(given, desk.frame_bytes_max());
        let Request {
            action,
            args,
            kwargs,
            ..
        } = request;
        let mut call = pin!(instance.call(action, args, kwargs, blobs));
        let mut waited = false;
        runtime.block_on(poll_fn(|context| {
            if waited {
                mailbox.look(context);
            }
            let polled = call.as_mut().poll(context);
            if polled.is_pending() {
                mailbox.look(context);
                waited = true;
            }
            polled
        }))
    }

    fn reply(&self, request: &Request<'_>, outcome: Outcome) -> (Reply, Fate) {
        let reply = match outcome {
            // Whether a result is JSON shows when it is written.
            Outcome::Returned(result) => Ok(result),
            Outcome::Failed(Failure {
                kind,
                message,
                traceback,
            }) => Err(self
                .app_error(request, message, traceback)
                .with("kind", kind)),
            Outcome::Trapped(Trap {
                message,
                traceback,
                memory_refused,
            }) => {
                self.log_trap(&request.action, &message, &traceback);
                let error = self
                    .app_error(request, message, Some(traceback))
                    .with("kind", "Trap");
                let taint = if memory_refused {
                    Taint::Memory
                } else {
                    Taint::Trap
                };
                return (Err(error), Fate::Tainted(taint));
            }
        };
        (reply, Fate::Healthy)
    }

    fn write(&self, dialect: Dialect, request: &Request<'_>, reply: Reply) {
        let id = &*request.id;
        let frame_bytes_max = self.desk.frame_bytes_max();
        let streamed = self.desk.has_emitted();
        self.desk.write(bytes_expected(&reply), |out| {
            let written = match &reply {
                Ok(Some(result)) if streamed => dialect
                    .write_chunk(out, id, app_value(result), frame_bytes_max)
                    .map(|()| dialect.write_end(out, id)),
                Ok(Some(result)) => {
                    dialect.write_response(out, id, app_value(result), frame_bytes_max)
                }
                Ok(None) => {
                    dialect.write_end(out, id);
                    Ok(())
                }
                Err(error) => {
                    dialect.write_error(out, id, error);
                    Ok(())
                }
            };
            if let Err(fault) = written {
                let message = match fault {
                    ReplyFault::Json(error) => format!("the app returned no valid JSON: {error}"),
                    fault => format!("the app's result cannot be sent: {fault}"),
                };
                dialect.write_error(out, id, &self.app_error(request, message, None));
            }
        });
    }

    fn refuse(&self, request: &Request<'_>) -> WireError {
        let message = format!(
            "`{}` is no action: lifecycle functions and names that begin with an underscore cannot \
             be called",
            request.action
        );
        self.app_error(request, message, None)
    }

    fn log_trap(&self, action: &str, message: &str, traceback: &str) {
        let line = format!("`{action}` trapped: {message}\n{traceback}");
        // If the arbiter is gone, sending the reply is about to find out.
        let _ = self
            .desk
            .log(LogSource::Host, LogLevel::Error, line.trim_end());
    }

    fn app_error(
        &self,
        request: &Request<'_>,
        message: String,
        traceback: Option<String>,
    ) -> WireError {
        WireError::app(&self.app_name, &request.action, message, traceback)
    }
}

/// The result or the end of a stream, or an error.
type Reply = Result<Option<AppResult>, WireError>;

/// About how long the frames of a reply will be.
fn bytes_expected(reply: &Reply) -> usize {
    match reply {
        Ok(Some(AppResult { json, blobs })) => blobs::bytes_expected(json, blobs),
        Ok(None) | Err(_) => 0,
    }
}

fn app_value(AppResult { json, blobs }: &AppResult) -> ReplyValue<'_> {
    ReplyValue::Unchecked { json, blobs }
}

/// Functions of the contract and private names are not for clients.
fn is_reserved(action: &str) -> bool {
    matches!(action, "init" | "call" | "close") || action.starts_with('_')
}
