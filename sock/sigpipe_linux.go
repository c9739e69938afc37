package sock

import "golang.org/x/sys/unix"

// sendFlags returns flags with the one added that keeps a send from raising SIGPIPE.
func (s *core) sendFlags(flags int) int {
	if s.has(quirkFewFlags) {
		return flags
	}
	return flags | unix.MSG_NOSIGNAL
}
