package tlsconn

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"

	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// kernel is the record layer of the kernel: Documentation/networking/tls.rst. It handles the
// records of other types than data itself, by the rules of package tlsrecord.
type kernel struct {
	mu      sync.Mutex
	record  tlsrecord.Conn // mu; the rules and the secrets
	closing bool           // mu; close_notify is to be sent
	unsent  bool           // mu; the socket was full in settle
	summary summary
}

var _ layer = (*kernel)(nil)

// prepareKernel sets the upper layer protocol of the socket, before the handshake: after the peer's
// FIN the kernel would refuse it. Without keys it changes nothing.
func prepareKernel(s *sock.Socket) error {
	if err := kernelServes(tls.VersionTLS13, tlsrecord.SuiteOf(tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)); errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("the kernel has no TLS (CONFIG_TLS, module tls): %w", err)
	}
	return s.SetULP("tls")
}

// newKernel gives the keys of a crypto/tls connection tc over t to the kernel. The error is the
// reason if it cannot. After a broken error the connection cannot be used.
func newKernel(s *sock.Socket, t *transport, tc *tls.Conn, client bool) (l layer, broken bool, err error) {
	state := tc.ConnectionState()
	p, err := t.params(&state, client)
	if err != nil {
		return nil, false, err
	}
	p.Elsewhere = true
	k := new(kernel)
	if err := k.record.Init(p); err != nil {
		return nil, false, err
	}
	if err := kernelServes(state.Version, tlsrecord.SuiteOf(state.Version, state.CipherSuite)); err != nil {
		return nil, false, fmt.Errorf("the kernel does not take %s of %s: %w", tls.CipherSuiteName(state.CipherSuite), tls.VersionName(state.Version), err)
	}
	if err := k.setKeys(s, true); err != nil {
		return nil, false, err
	}
	if err := k.setKeys(s, false); err != nil {
		return nil, true, err
	}
	k.summary.set(&state)
	return k, false, nil
}

// setKeys gives the kernel the keys for receiving (in) or for sending.
func (k *kernel) setKeys(s *sock.Socket, in bool) error {
	keys, err := k.record.Keys(in)
	if err != nil {
		return err
	}
	info := cryptoInfo(k.record.Version(), tlsrecord.SuiteOf(k.record.Version(), k.record.Suite()), keys)
	if in {
		return s.SetTLSRx(info)
	}
	return s.SetTLSTx(info)
}

// cryptoInfo returns keys in the kernel's form. The IV of TLS 1.2 with AES-GCM is the explicit part
// of the nonce, for which crypto/tls takes the record's number.
func cryptoInfo(version uint16, suite *tlsrecord.Suite, keys tlsrecord.Keys) sock.TLSCryptoInfo {
	seq := binary.BigEndian.AppendUint64(nil, keys.Seq)
	info := sock.TLSCryptoInfo{Version: version, Key: keys.Key, RecSeq: seq}
	switch {
	case suite.ChaCha():
		info.Cipher, info.IV = sock.TLS_CIPHER_CHACHA20_POLY1305, keys.IV
		return info
	case suite.KeySize == 16:
		info.Cipher = sock.TLS_CIPHER_AES_GCM_128
	default:
		info.Cipher = sock.TLS_CIPHER_AES_GCM_256
	}
	info.Salt, info.IV = keys.IV[:4], keys.IV[4:]
	if len(info.IV) == 0 {
		info.IV = seq
	}
	return info
}

func (k *kernel) read(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error) {
	for {
		out, err = s.TryRecv(sysfd, p, 0)
		switch {
		case err == nil && out.N > 0:
			return out.N, out, nil
		case err == nil:
			return 0, out, io.ErrUnexpectedEOF
		case err == syscall.EIO:
			err = k.control(s, sysfd)
		case err == syscall.EBADMSG:
			err = k.refuse(s, sysfd, (*tlsrecord.Conn).BadRecord)
		case err == syscall.EMSGSIZE: // tls_rx_msg_size of net/tls/tls_sw.c, also for EINVAL
			err = k.refuse(s, sysfd, (*tlsrecord.Conn).TooLong)
		case err == syscall.EINVAL:
			err = k.refuse(s, sysfd, (*tlsrecord.Conn).WrongVersion)
		case err != loop.ErrAgain:
			err = s.OpError("recv", sock.Addr{}, err)
		}
		if err != nil {
			return 0, out, err
		}
	}
}

// refuse returns the error of a record that the kernel refused, and sends its alert.
func (k *kernel) refuse(s *sock.Socket, sysfd int, why func(*tlsrecord.Conn) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := why(&k.record)
	k.settle(s, sysfd)
	return err
}

// control receives and handles a record of another type than data.
func (k *kernel) control(s *sock.Socket, sysfd int) error {
	in := incomings.Get().(*incoming)
	defer incomings.Put(in)
	var room [64]byte
	n, got, _, _, err := unix.Recvmsg(sysfd, in.room, room[:], unix.MSG_DONTWAIT)
	if err == unix.EAGAIN {
		return loop.ErrAgain
	}
	if err != nil {
		return s.OpError("recvmsg", sock.Addr{}, err)
	}
	typ := byte(tlsrecord.TypeData)
	items, err := sock.ParseControl(room[:got])
	for _, c := range items {
		if t, ok := c.TLSRecordType(); ok {
			typ = byte(t)
		}
	}
	if err != nil || typ == tlsrecord.TypeData {
		return s.OpError("recvmsg", sock.Addr{}, syscall.EIO)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	_, err = k.record.Handle(typ, in.room[:n])
	if err == nil && k.record.Rekeyed() {
		if failed := k.setKeys(s, true); failed != nil { // Linux 6.14 has it
			err = fmt.Errorf("the kernel does not take the next key of a KeyUpdate: %w", failed)
			k.record.DropAnswer() // close_notify goes with the present key, so that the peer can read it
			k.closing = true
		}
	}
	if failed := k.settle(s, sysfd); err == nil && failed != loop.ErrAgain {
		err = failed
	}
	return err
}

// settle sends answers and close_notify, which go before the next data. mu is held.
//
// Errors: loop.ErrAgain; those of the socket.
func (k *kernel) settle(s *sock.Socket, sysfd int) error {
	if k.record.KeyDue() && !kernelRekeys() {
		k.record.DropAnswer()
		k.closing = true
	}
	for typ, text := k.record.Answer(); typ != 0; typ, text = k.record.Answer() {
		if err := k.sendRecord(s, sysfd, typ, text); err != nil {
			return err
		}
		if err := k.record.Answered(); err != nil {
			return err
		}
		if typ == tlsrecord.TypeHandshake {
			if err := k.setKeys(s, false); err != nil {
				return err
			}
		}
	}
	if k.closing && !k.record.Ended() {
		if err := k.sendRecord(s, sysfd, tlsrecord.TypeAlert, tlsrecord.CloseNotifyText); err != nil {
			return err
		}
		k.record.End()
	}
	k.unsent = false
	return nil
}

func (k *kernel) sendRecord(s *sock.Socket, sysfd int, typ byte, text []byte) error {
	item, err := sock.AppendControl(nil, sock.TLSRecordType(typ).Control())
	if err != nil {
		return err
	}
	_, err = unix.SendmsgN(sysfd, text, item, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if err == unix.EAGAIN {
		k.unsent = true
		return loop.ErrAgain
	}
	return s.OpError("sendmsg", sock.Addr{}, err)
}

func (k *kernel) write(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error) {
	k.mu.Lock()
	err = k.settle(s, sysfd)
	ended, spent := k.record.Ended(), k.record.KeyDue()
	k.mu.Unlock()
	switch {
	case err != nil || len(p) == 0:
		return 0, out, err
	case spent:
		return 0, out, errKeySpent
	case ended:
		return 0, out, errEnded
	}
	out, err = s.TrySend(sysfd, p, 0)
	if out.N > 0 {
		k.mu.Lock()
		k.record.Sent(int64(out.N))
		k.mu.Unlock()
	}
	switch {
	case err == nil && out.N < len(p):
		out.More, err = true, loop.ErrAgain
	case err != nil && err != loop.ErrAgain:
		err = s.OpError("send", sock.Addr{}, err)
	}
	return out.N, out, err
}

// errKeySpent ends a connection of TLS 1.3 cleanly: RFC 8446, section 5.5.
var errKeySpent = errors.New("the key has served 2^24 records, and this kernel cannot change it (Linux 6.14 can)")

func (k *kernel) close(s *sock.Socket, sysfd int) (out loop.Outcome, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closing = true
	return out, k.settle(s, sysfd)
}

func (k *kernel) pending() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.unsent
}

func (k *kernel) state() tls.ConnectionState {
	return k.summary.state(k.record.Version(), k.record.Suite())
}
