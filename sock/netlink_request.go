package sock

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/families"
)

// ErrNetlinkInterrupted is told at the end of a list that changed while the kernel was writing it (NLM_F_DUMP_INTR): what came may
// not fit together. Ask again.
var ErrNetlinkInterrupted = errors.New("the list changed while it was read")

// NetlinkRequest is what NetlinkDo asks.
type NetlinkRequest struct {
	Type  uint16 // RTM_GETLINK, …
	Flags uint16 // beside NLM_F_REQUEST and NLM_F_ACK: NLM_F_DUMP for a list of all, NLM_F_CREATE, …
	Data  []byte

	// Other gets the messages that come meanwhile and answer something else, such as the notices of a group. With nil they are
	// dropped. It must not keep the data.
	Other func(NetlinkMessage)
}

// netlinkSeq is the number of the last request of this process.
var netlinkSeq atomic.Uint32

// netlinkRoom is what one receive from the kernel may need: it writes lists in pieces of at most 32 KiB.
const netlinkRoom = 1 << 16

var netlinkBuffers = sync.Pool{New: func() any { return new([netlinkRoom]byte) }}

// NetlinkDo sends a request to the kernel and goes over the messages of the answer, up to but not with the one that says that it was
// all, or that the request succeeded. Each message's data is there until the next. One request at a time may use a socket. To end
// the loop early leaves the rest of the answer in the socket; the next request skips it.
//
// An error is the last: a *NetlinkError in a *net.OpError if the kernel refuses; ErrNetlinkInterrupted; else as Send and RecvInto.
func (s *Socket) NetlinkDo(r NetlinkRequest) iter.Seq2[NetlinkMessage, error] {
	return func(yield func(NetlinkMessage, error) bool) {
		if err := s.netlinkDo(r, yield); err != nil {
			yield(NetlinkMessage{}, err)
		}
	}
}

func (s *Socket) netlinkDo(r NetlinkRequest, yield func(NetlinkMessage, error) bool) error {
	seq := netlinkSeq.Add(1)
	if seq == 0 { // that of notices
		seq = netlinkSeq.Add(1)
	}
	// Every answer needs an end: a list has NLMSG_DONE, and is not acknowledged besides; anything else is acknowledged.
	flags := r.Flags | NLM_F_REQUEST | NLM_F_ACK
	request, err := NetlinkMessage{Type: r.Type, Flags: flags, Seq: seq, Data: r.Data}.Append(nil)
	if err != nil {
		return s.fail("send", Addr{}, err)
	}
	if _, err := s.Send(request, 0); err != nil {
		return err
	}
	buf := netlinkBuffers.Get().(*[netlinkRoom]byte)
	defer netlinkBuffers.Put(buf)
	interrupted := false
	for {
		// With MSG_TRUNC the length is that of the whole message.
		n, err := s.RecvInto(buf[:], MSG_TRUNC)
		if err != nil {
			return err
		}
		if n > len(buf) {
			return s.fail("recv", Addr{}, &NetlinkFormatError{"answer", len(buf), n})
		}
		for m, err := range NetlinkMessages(buf[:n]) {
			if err != nil {
				return s.fail("recv", Addr{}, err)
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
					err = ErrNetlinkInterrupted
				}
				return s.fail("netlink", Addr{}, err)
			case NLMSG_OVERRUN:
				return s.fail("netlink", Addr{}, fmt.Errorf("the kernel had no room for the answer: NLMSG_OVERRUN"))
			default:
				if !yield(m, nil) {
					return nil
				}
			}
		}
	}
}

// JoinNetlinkGroup makes the socket receive the notices of a multicast group: NETLINK_ADD_MEMBERSHIP. group is a number, such as
// RTNLGRP_LINK, not a mask; the mask of the address given to Bind reaches only the first 32.
//
// Errors: EPERM for a group that wants a right, EINVAL for one that the protocol does not have. A reader that is too slow gets
// ENOBUFS from its next receive, once: notices were lost, and what they told of has to be listed again.
//
// A socket that is not bound yet is bound, to a port of the kernel's choice: without one it would be told of nothing.
func (s *Socket) JoinNetlinkGroup(group uint32) error {
	name, err := s.Getsockname()
	if err != nil {
		return err
	}
	if pid, _ := name.Netlink(); pid == 0 && name.Kind() == families.KindNetlink {
		if err := s.Bind(Netlink(0, 0)); err != nil {
			return err
		}
	}
	return s.Setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(int32(group)))
}

// LeaveNetlinkGroup ends what JoinNetlinkGroup began: NETLINK_DROP_MEMBERSHIP.
func (s *Socket) LeaveNetlinkGroup(group uint32) error {
	return s.Setsockopt(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, int(int32(group)))
}

// SetNetlinkExtendedAck says whether to ask for the kernel's words when a request fails: NETLINK_EXT_ACK, Linux 4.12.
func (s *Socket) SetNetlinkExtendedAck(on bool) error {
	return s.Setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, int(boolInt(on)))
}

func isInterrupted(err error) bool { return errors.Is(err, ErrNetlinkInterrupted) }
