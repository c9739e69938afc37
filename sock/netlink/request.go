package netlink

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// ErrInterrupted ends a list that changed while the kernel wrote it (NLM_F_DUMP_INTR): its parts
// may not fit together. Ask again.
var ErrInterrupted = errors.New("the list changed while it was read")

// A Request is what Do sends.
type Request struct {
	Type  uint16 // RTM_GETLINK, …
	Flags uint16 // NLM_F_DUMP for a list, NLM_F_CREATE, …; Do adds NLM_F_REQUEST and NLM_F_ACK
	Data  []byte

	// Other is called with messages that arrive during Do and do not answer this request, such as
	// notices of a group. It must not keep their data. If it is nil, Do drops them.
	Other func(Message)
}

// lastSeq is the number of the last request of this process.
var lastSeq atomic.Uint32

// room is what one receive from the kernel may need: it writes lists in pieces of at most 32
// KiB.
const room = 1 << 16

var buffers = sync.Pool{New: func() any { return new([room]byte) }}

// Do sends a request to the kernel and iterates over the messages of the answer, without the last
// one, which says that the list is complete or that the request succeeded. A message's data is
// valid until the next message. One request at a time may use a socket. Ending the loop early
// leaves the rest of the answer in the socket; the next request skips it.
//
// An error ends the iteration: an *Error in a *net.OpError if the kernel refuses the request,
// ErrInterrupted, or an error of Send or RecvInto.
func Do(s *sock.Socket, r Request) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if err := do(s, r, yield); err != nil {
			yield(Message{}, err)
		}
	}
}

func do(s *sock.Socket, r Request, yield func(Message, error) bool) error {
	seq := lastSeq.Add(1)
	if seq == 0 { // notices have it
		seq = lastSeq.Add(1)
	}
	// Every answer needs an end. A list ends with NLMSG_DONE, without an acknowledgement; any other
	// answer ends with one.
	flags := r.Flags | NLM_F_REQUEST | NLM_F_ACK
	request, err := Message{Type: r.Type, Flags: flags, Seq: seq, Data: r.Data}.Append(nil)
	if err != nil {
		return s.OpError("send", sock.Addr{}, err)
	}
	if _, err := s.Send(request, 0); err != nil {
		return err
	}
	buf := buffers.Get().(*[room]byte)
	defer buffers.Put(buf)
	interrupted := false
	for {
		// MSG_TRUNC makes n the length of the whole message.
		n, err := s.RecvInto(buf[:], sock.MSG_TRUNC)
		if err != nil {
			return err
		}
		if n > len(buf) {
			return s.OpError("recv", sock.Addr{}, &FormatError{"answer", len(buf), n})
		}
		for m, err := range Messages(buf[:n]) {
			if err != nil {
				return s.OpError("recv", sock.Addr{}, err)
			}
			if m.Seq != seq {
				if r.Other != nil {
					r.Other(m)
				}
				continue
			}
			interrupted = interrupted || m.Flags&NLM_F_DUMP_INTR != 0
			switch m.Type {
			case NLMSG_NOOP:
			case NLMSG_ERROR, NLMSG_DONE:
				err := m.Err()
				if err == nil && interrupted {
					err = ErrInterrupted
				}
				return s.OpError("netlink", sock.Addr{}, err)
			case NLMSG_OVERRUN:
				return s.OpError("netlink", sock.Addr{}, fmt.Errorf("the kernel had no room for the answer: NLMSG_OVERRUN"))
			default:
				if !yield(m, nil) {
					return nil
				}
			}
		}
	}
}

// JoinGroup makes the socket receive the notices of a multicast group: NETLINK_ADD_MEMBERSHIP.
// group is a number, such as RTNLGRP_LINK. It is not a mask as in the address for Bind, which only
// reaches the first 32 groups. JoinGroup binds a socket that is not bound yet to a port that the
// kernel chooses, since a socket without a port receives no notices.
//
// Errors: EPERM for a group that needs a privilege, EINVAL for a group that the protocol does not
// have. If the socket's buffer overflows, the next receive returns ENOBUFS once: notices were lost,
// so list the state again.
func JoinGroup(s *sock.Socket, group uint32) error {
	name, err := s.Getsockname()
	if err != nil {
		return err
	}
	if pid, _ := name.Netlink(); pid == 0 && name.Kind() == families.KindNetlink {
		if err := s.Bind(sock.Netlink(0, 0)); err != nil {
			return err
		}
	}
	return s.Setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(int32(group)))
}

// LeaveGroup ends a membership: NETLINK_DROP_MEMBERSHIP.
func LeaveGroup(s *sock.Socket, group uint32) error {
	return s.Setsockopt(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, int(int32(group)))
}

// SetExtendedAck sets whether the kernel adds a text to the error of a failed request:
// NETLINK_EXT_ACK, Linux 4.12.
func SetExtendedAck(s *sock.Socket, on bool) error {
	return s.Setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, boolInt(on))
}

func boolInt(on bool) int {
	if on {
		return 1
	}
	return 0
}
