//! The imports of the server's component, and others that it does not have.

wit_bindgen::generate!({
    path: "../../wit",
    world: "tests:guest/guest",
    generate_all,
    inline: r#"
        package tests:guest;

        world guest {
          include kamiflow:sync/server@2.0.0;
          import wasi:http/outgoing-handler@0.2.0;
          import wasi:filesystem/preopens@0.2.2;
          import wasi:sockets/tcp-create-socket@0.2.2;
        }

        package wasi:filesystem@0.2.2 {
          interface types {
            resource descriptor;
          }
          interface preopens {
            use types.{descriptor};
            get-directories: func() -> list<tuple<descriptor, string>>;
          }
        }

        package wasi:sockets@0.2.2 {
          interface network {
            enum ip-address-family { ipv4, ipv6 }
            enum error-code {
              unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
              concurrency-conflict, not-in-progress, would-block, invalid-state,
              new-socket-limit, address-not-bindable, address-in-use, remote-unreachable,
              connection-refused, connection-reset, connection-aborted, datagram-too-large,
              name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
            }
          }
          interface tcp {
            resource tcp-socket;
          }
          interface tcp-create-socket {
            use network.{error-code, ip-address-family};
            use tcp.{tcp-socket};
            create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
          }
        }
    "#,
});
