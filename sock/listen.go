package sock

// DefaultBacklog is the backlog of Python's listen() without an argument: the smaller of SOMAXCONN
// and 128.
const DefaultBacklog = min(SOMAXCONN, 128)

// Listen makes the socket accept connections: it wraps listen(2). backlog is the number of
// connections that may wait for Accept. A negative backlog counts as 0. The system has its own
// limit (/proc/sys/net/core/somaxconn).
//
// Errors: an *ArgError for a backlog beyond a C int, EOPNOTSUPP, EADDRINUSE.
func (s *Socket) Listen(backlog int) error {
	if err := cInt("backlog", backlog); err != nil {
		return s.fail("listen", Addr{}, err)
	}
	return s.do("listen", func(sysfd int) error {
		err := sysListen(sysfd, max(backlog, 0))
		if err != nil {
			return err
		}
		s.flags.And(^uint32(isFresh))
		if rejoinsListeners {
			return s.fd.Rejoin()
		}
		return nil
	})
}
