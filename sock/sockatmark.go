package sock

// Sockatmark reports whether the next receive begins at the urgent mark: sockatmark(3). A receive
// of a stream stops at the mark, so "receive until Sockatmark" drops what the sender wants to be
// skipped. It does not wait: before the urgent data has arrived it returns false.
//
// The mark stands at the byte that was sent with MSG_OOB: before it with SO_OOBINLINE, and
// otherwise where it was in the stream. TCP has it, and AF_UNIX streams of Linux (5.15).
//
// On Windows (SIOCATMARK) it needs SO_OOBINLINE, and is true also when no urgent data is there.
//
// Errors: on Linux ENOTTY for a socket without urgent data, where the BSDs return false.
func (s *Socket) Sockatmark() (at bool, err error) {
	err = s.do("sockatmark", func(sysfd int) error {
		at, err = sysSockatmark(sysfd)
		return err
	})
	return at, err
}
