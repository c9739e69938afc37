package protocol

import "github.com/polluxio/pollux/sock"

func setReusePort(s *sock.Socket) error { return s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEPORT, 1) }
