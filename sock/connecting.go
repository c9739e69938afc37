package sock

import (
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// A connectRule says how to detect the end of a connect that is in progress (EINPROGRESS), and how
// to leave the socket afterwards. Each protocol of each system decides this differently. connectEnd
// follows the rule:
//
//	poll: not over ──▶ wait
//	  │ over
//	SO_ERROR ── an error ─────────────────────────────────────────────────▶ failure: the socket is reset, as after a blocking connect
//	  │ no error                                                         ▲
//	proof ── missing: another operation took the error (ECONNABORTED) ───┘
//	  │ connected
//	conclusion ──▶ success, reported once
type connectRule struct {
	system             string // GOOS; "" is any
	family, typ, proto int32  // anyProto is all
	proof              connectProof
	conclude           bool         // a second connect(2) completes the connection
	reset              connectReset // what to do after a failure
}

type connectProof uint8

const (
	proofNone  connectProof = iota // no error in SO_ERROR is enough
	proofOpen                      // and no hang-up
	proofPeer                      // getpeername(2) returns a peer
	proofAssoc                     // an association exists, for SCTP sockets with many associations: SO_ERROR does not report them
)

type connectReset uint8

const (
	resetNone   connectReset = iota
	resetUnspec              // connect(2) to AF_UNSPEC: the kernel makes the same call after a failed blocking connect
	resetVsock               // see sysResetVsock
)

// connectRules lists the rules; the first row that matches is used. The numbers are those of Linux
// (<linux/socket.h>) where a row names Linux.
//
//   - SCTP (sctp_connect of net/sctp/socket.c): after a refused connect, a second connect begins a
//     new association. A loop of such connects would use a whole processor.
//   - IP (__inet_stream_connect of net/ipv4/af_inet.c): a second connect returns EALREADY, success,
//     or, if SO_ERROR or a receive already took the error, ECONNABORTED. After a shutdown it begins
//     anew, and SO_ERROR has the error. After success it is the call that makes the socket
//     SS_CONNECTED. poll(2) does not report the connection after a shutdown in both directions.
//   - MPTCP (mptcp_disconnect of net/mptcp/protocol.c): as TCP, but a shutdown leaves no error. A
//     blocking connect returns ECONNABORTED then.
//   - AF_VSOCK (vsock_connect of net/vmw_vsock/af_vsock.c): EALREADY forever after a failure,
//     unless the call may block. poll(2) reports a refused socket as writable too.
//   - AF_TIPC (tipc_connect of net/tipc/socket.c): EINVAL after a success if the peer has closed
//     meanwhile. A blocking connect returns 0.
//   - AF_BLUETOOTH: EBADFD for RFCOMM and SCO in any state, EINVAL for L2CAP after a failure.
//   - The BSDs: EISCONN after success. Windows: WSAEISCONN, and WSAEINVAL after a failure.
var connectRules = [...]connectRule{
	{"linux", 2, 5, 132, proofAssoc, false, resetNone}, // SCTP, SOCK_SEQPACKET
	{"linux", 10, 5, 132, proofAssoc, false, resetNone},
	{"linux", 2, anyProto, 132, proofNone, false, resetNone}, // SCTP, SOCK_STREAM
	{"linux", 10, anyProto, 132, proofNone, false, resetNone},
	{"linux", 2, anyProto, 262, proofPeer, true, resetUnspec}, // MPTCP
	{"linux", 10, anyProto, 262, proofPeer, true, resetUnspec},
	{"linux", 2, anyProto, anyProto, proofNone, true, resetUnspec}, // TCP, DCCP
	{"linux", 10, anyProto, anyProto, proofNone, true, resetUnspec},
	{"linux", 40, anyProto, anyProto, proofPeer, false, resetVsock}, // AF_VSOCK
	{"linux", 30, anyProto, anyProto, proofNone, false, resetNone},  // AF_TIPC
	{"linux", 31, anyProto, anyProto, proofOpen, false, resetNone},  // AF_BLUETOOTH
	{"windows", anyProto, anyProto, anyProto, proofPeer, false, resetNone},
	{"", anyProto, anyProto, anyProto, proofPeer, false, resetNone}, // the BSDs, and families of Linux that have no row
}

// connectRuleOf returns the rule for a socket of that kind on the system.
func connectRuleOf(system string, family, typ, proto int32) *connectRule {
	fits := func(row, v int32) bool { return row == anyProto || row == v }
	for i := range connectRules {
		r := &connectRules[i]
		if (r.system == "" || r.system == system) && fits(r.family, family) && fits(r.typ, typ) && fits(r.proto, proto) {
			return r
		}
	}
	return &connectRules[len(connectRules)-1]
}

// connectEnd returns the state of a connect that is in progress: nil after success, loop.ErrAgain
// while it goes on, otherwise the failure. sa is the destination, or another address of the family.
func (s *core) connectEnd(sysfd int, sa []byte) (loop.Outcome, error) {
	rule := connectRuleOf(runtime.GOOS, s.family, s.typ, s.proto)
	if rule.proof == proofAssoc {
		return s.associationEnd(sysfd, sa)
	}
	over, hungUp := sysConnectOver(sysfd)
	if !over {
		return loop.Outcome{}, loop.ErrAgain
	}
	err := sysSockError(sysfd)
	switch {
	case err != nil:
	case rule.proof == proofOpen && hungUp:
		err = syscall.ECONNABORTED
	case rule.proof == proofPeer:
		var peer sockaddr
		if _, failed := sysGetpeername(sysfd, &peer); failed == syscall.ENOTCONN {
			err = syscall.ECONNABORTED
		}
	}
	if err != nil {
		s.connectReset(sysfd, rule.reset)
		return loop.Outcome{}, s.connectOver(err)
	}
	if rule.conclude {
		switch err = sysConnect(sysfd, sa); err {
		case syscall.EISCONN:
			err = nil
		case syscall.EINPROGRESS, syscall.EALREADY:
			return loop.Outcome{}, loop.ErrAgain
		}
	}
	return loop.Outcome{}, s.connectOver(err)
}

// connectReset resets the socket after a failed connect, as a blocking connect does, so that
// another connect begins anew.
func (s *core) connectReset(sysfd int, how connectReset) {
	switch how {
	case resetUnspec:
		var none [16]byte // a struct sockaddr of AF_UNSPEC, which is 0 everywhere
		sysConnect(sysfd, none[:])
	case resetVsock:
		sysResetVsock(sysfd)
	}
}

// associationEnd is connectEnd for SCTP sockets with many associations. A second connect to the
// same peer returns EALREADY or EISCONN, but after a failure it begins anew. So associationEnd
// makes it only while an association exists. It polls, because no edge reports the end of an
// association.
func (s *core) associationEnd(sysfd int, sa []byte) (loop.Outcome, error) {
	if n, err := sysGetsockoptInt(sysfd, protoSCTP, sctpAssocNumber); err == nil && n == 0 {
		return loop.Outcome{}, s.connectOver(syscall.ECONNREFUSED)
	}
	switch err := sysConnect(sysfd, sa); err {
	case syscall.EINPROGRESS, syscall.EALREADY:
		return loop.Outcome{Retry: &fullRetry}, loop.ErrAgain
	case nil, syscall.EISCONN:
		return loop.Outcome{}, s.connectOver(nil)
	default:
		return loop.Outcome{}, s.connectOver(err)
	}
}

// sctpAssocNumber is SCTP_GET_ASSOC_NUMBER of <linux/sctp.h>: the number of associations.
const sctpAssocNumber = 28

// connectOver records that no connect is in progress any more. Receives that waited for it
// continue.
func (s *core) connectOver(err error) error {
	s.flags.And(^uint32(connectBegun | connectUntold | connectWaits))
	s.fd.Renewed()
	return err
}

// connects prepares for a connect(2), or for a send that connects. From here on the handler gets no
// calls for the earlier state of the socket.
func (s *core) connects() {
	if s.flags.Load()&(isFresh|connectCalls) != connectCalls {
		s.flags.Or(connectCalls)
		s.flags.And(^uint32(isFresh))
	}
}

// connected is called after such a call. begun means that the system goes on connecting.
func (s *core) connected(begun bool) {
	if begun {
		s.flags.Or(connectBegun | connectUntold)
	}
	s.flags.And(^uint32(connectCalls))
}

// holdsReads reports whether a receive must wait for a pending connect. An error on the socket
// would be the error of that connect.
func (s *core) holdsReads(flags int) bool {
	return s.flags.Load()&connectWaits != 0 && flags&msgErrqueue == 0
}

// tellable reports whether the handler should get a call for an event, and whether a connect has
// ended, which comes first. It holds back all calls until the connect has ended, whatever event the
// system reports.
func (s *core) tellable() (something, ended bool) {
	f := s.flags.Load()
	switch {
	case f&(isFresh|connectCalls) != 0:
		s.fd.Hold(loop.Write)
		return false, false
	case f&connectUntold == 0:
		return true, false
	}
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return false, false
	}
	over, _ := sysConnectOver(sysfd)
	s.fd.Release()
	if !over {
		s.fd.Hold(loop.Write)
		return false, false
	}
	if s.fd.Busy(loop.Write) {
		return false, false // by the call that began the connect, mostly; Connect of the handler needs the lane
	}
	s.flags.And(^uint32(connectUntold))
	return true, true
}
