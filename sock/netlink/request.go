package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// ErrInterrupted ends a list that changed while the kernel wrote it (NLM_F_DUMP_INTR): its parts
// may not fit together. Ask again.
var ErrInterrupted = errors.New("the list changed while it was read")

// ErrOverrun reports that the socket's buffer overflowed and messages were lost: notices of groups,
// and perhaps the acknowledgement of a request; never a part of a list. The socket still works. Ask
// again for the state that the notices would have reported. errors.Is finds ENOBUFS too.
var ErrOverrun = errors.New("the socket's buffer overflowed, and messages were lost")

var errOverrun = fmt.Errorf("%w: %w", ErrOverrun, syscall.ENOBUFS)

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

// Do sends a request to the kernel and iterates over the messages of the answer. It leaves out the
// last message, which only reports the end of the list or the success of the request. A message's
// data is valid until the next message. One request at a time may use a socket. Ending the loop
// early leaves the rest of the answer in the socket; the next request skips it.
//
// An error ends the iteration: an *Error in a *net.OpError if the kernel refuses the request,
// ErrInterrupted, ErrOverrun, or an error of Send or RecvInto. After a list ErrOverrun comes last:
// the list is complete, but notices were lost. If it comes without a message, the answer was lost.
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
	before := dropped(s)
	if _, err := s.Send(request, 0); err != nil {
		return err
	}
	name, err := s.Getsockname() // the kernel has chosen a port by now
	if err != nil {
		return err
	}
	port, _ := name.Netlink()
	buf := buffers.Get().(*[room]byte)
	defer buffers.Put(buf)
	list := r.Flags&NLM_F_DUMP == NLM_F_DUMP
	interrupted, overrun, busy := false, false, false
	for {
		// MSG_TRUNC makes n the length of the whole message. The kernel answers during the send,
		// and goes on with a list during a receive. So an answer that is not there is late only in
		// protocols that answer later, or lost.
		n, from, err := s.RecvfromInto(buf[:], sock.MSG_TRUNC|dontWait)
		if errors.Is(err, sock.ErrWouldBlock) {
			if dropped(s) != before {
				return s.OpError("recv", sock.Addr{}, errOverrun)
			}
			n, from, err = s.RecvfromInto(buf[:], sock.MSG_TRUNC)
		}
		if errors.Is(err, syscall.ENOBUFS) {
			// The kernel writes a list while the program reads it, and loses no part of it. But an
			// acknowledgement may be lost.
			if !list {
				return s.OpError("recv", sock.Addr{}, errOverrun)
			}
			overrun = true
			continue
		}
		if err != nil {
			return err
		}
		if n > len(buf) {
			return s.OpError("recv", sock.Addr{}, &FormatError{"answer", len(buf), n})
		}
		sender, groups := from.Netlink()
		for m, err := range Messages(buf[:n]) {
			if err != nil {
				return s.OpError("recv", sock.Addr{}, err)
			}
			// An answer comes from the kernel, to no group, and names the port that has asked and
			// the number of its request. A notice repeats both of the request that caused it, which
			// may be another program's.
			ours := sender == 0 && groups == 0 && m.Pid == port
			if !ours || m.Seq != seq {
				if busy && ours && m.Type == NLMSG_DONE {
					busy = false
					before = dropped(s)
					if _, err := s.Send(request, 0); err != nil {
						return err
					}
				} else if r.Other != nil {
					r.Other(m)
				}
				continue
			}
			interrupted = interrupted || m.Flags&NLM_F_DUMP_INTR != 0
			switch m.Type {
			case NLMSG_NOOP:
			case NLMSG_ERROR, NLMSG_DONE:
				err := m.Err()
				if list && m.Type == NLMSG_ERROR && errors.Is(err, syscall.EBUSY) && !busy {
					busy = true // the rest of a list that an earlier loop has left comes first
					continue
				}
				switch {
				case err == nil && interrupted:
					err = ErrInterrupted
				case err == nil && overrun:
					err = errOverrun
				}
				return s.OpError("netlink", sock.Addr{}, err)
			case NLMSG_OVERRUN:
				return s.OpError("netlink", sock.Addr{}, fmt.Errorf("the kernel had no room for the answer (NLMSG_OVERRUN): %w", errOverrun))
			default:
				if !yield(m, nil) {
					return nil
				}
			}
		}
	}
}

// dontWait is MSG_DONTWAIT of Linux. Not every system that compiles this package has the flag.
const dontWait = 0x40

// dropped returns how many messages the socket has lost (SO_MEMINFO, Linux 4.12), or 0 if the
// kernel does not count. ENOBUFS does not tell of each: it comes once, until the queue has been
// empty.
func dropped(s *sock.Socket) uint32 {
	const soMeminfo, drops = 55, 8 // <asm-generic/socket.h>, SK_MEMINFO_DROPS of <linux/sock_diag.h>
	b, err := s.GetsockoptBytes(sock.SOL_SOCKET, soMeminfo, 4*(drops+1))
	if err != nil || len(b) < 4*(drops+1) {
		return 0
	}
	return binary.NativeEndian.Uint32(b[4*drops:])
}

// JoinGroup makes the socket receive the notices of a multicast group: NETLINK_ADD_MEMBERSHIP.
// group is a number, such as RTNLGRP_LINK. The address for Bind has a mask instead, which only
// reaches the first 32 groups. A socket without a port receives no notices, so JoinGroup binds an
// unbound socket to a port that the kernel chooses.
//
// Errors: EPERM for a group that needs a privilege, EINVAL for a group that the protocol lacks. If
// the socket's buffer overflows, the next receive returns ENOBUFS once: notices were lost, so list
// the state again.
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

// SetStrictCheck sets whether the kernel checks the header of a request for a list (NLM_F_DUMP),
// and obeys it: NETLINK_GET_STRICT_CHK, Linux 4.20. With it, a list of addresses whose header has
// an index is that of one link, and a field that the kernel does not know is EINVAL. Without it the
// kernel ignores the header, and lists everything.
func SetStrictCheck(s *sock.Socket, on bool) error {
	return s.Setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, boolInt(on))
}

func boolInt(on bool) int {
	if on {
		return 1
	}
	return 0
}
