package sock

// DefaultBacklog is what Python's listen() takes: the lesser of SOMAXCONN and 128.
const DefaultBacklog = min(SOMAXCONN, 128)

// Listen wraps listen(2): backlog is how many connections may wait to be accepted. A negative one
// counts as 0, and the system has a limit of its own (/proc/sys/net/core/somaxconn).
//
// Errors: an *ArgError for a backlog beyond a C int, EOPNOTSUPP, EADDRINUSE.
func (s *Socket) Listen(backlog int) error {
	if err := cInt("backlog", backlog); err != nil {
		return s.fail("listen", Addr{}, err)
	}
	return s.do("listen", func(sysfd int) error {
		err := sysListen(sysfd, max(backlog, 0))
		if err == nil {
			s.flags.And(^uint32(isFresh))
		}
		return err
	})
}
