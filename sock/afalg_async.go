package sock

import "github.com/polluxio/pollux/loop"

// SendmsgAfalg is Socket.SendmsgAfalg. The iv is copied before it returns; the buffers are not.
func (a Async) SendmsgAfalg(buffers [][]byte, op int, iv []byte, assoclen, flags int) loop.Future[int] {
	var room algRoom
	items, err := a.s.algItems(&room, op, iv, assoclen)
	if err != nil {
		return loop.SettledOn(&a.s.fd, 0, a.s.fail("sendmsg_afalg", Addr{}, err))
	}
	return a.Sendmsg(buffers, items, flags, Addr{})
}

