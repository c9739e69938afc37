package sock_test

import (
	"fmt"
	"maps"
	"net"
	"net/netip"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

var (
	aGroup, aSource = netip.MustParseAddr("239.1.2.3"), netip.MustParseAddr("127.0.0.1")
	someKeys        = sock.TLSCryptoInfo{
		Version: sock.TLS_1_2_VERSION, Cipher: sock.TLS_CIPHER_AES_GCM_128,
		IV: make([]byte, 8), Key: make([]byte, 16), Salt: make([]byte, 4), RecSeq: make([]byte, 8),
	}
)

// The rules for options that have methods of their own, and for the methods that came with them.
func init() { maps.Copy(closedRules, closedOptions) }

var closedOptions = map[string]closedRule{
	"RecvError": {func(_ *sock.Socket, o socktest.Operations) error { _, err := o.RecvError(nil); return err }, net.ErrClosed},
	"SendmsgBuffers": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.SendmsgBuffers([][]byte{{1}}, nil, 0, sock.Addr{})
		return err
	}, net.ErrClosed},
	"SetLinger": {func(s *sock.Socket, _ socktest.Operations) error { return s.SetLinger(sock.Linger{}) }, net.ErrClosed},
	"Linger":    {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Linger(); return err }, net.ErrClosed},
	"SetsockoptTimeval": {func(s *sock.Socket, _ socktest.Operations) error {
		return s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, 1)
	}, net.ErrClosed},
	"GetsockoptTimeval": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO)
		return err
	}, net.ErrClosed},
	"PeerCred":              {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.PeerCred(); return err }, net.ErrClosed},
	"PeerPidFD":             {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.PeerPidFD(); return err }, net.ErrClosed},
	"BindToDevice":          {func(s *sock.Socket, _ socktest.Operations) error { return s.BindToDevice("lo") }, net.ErrClosed},
	"BoundDevice":           {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.BoundDevice(); return err }, net.ErrClosed},
	"SetRecvErr":            {func(s *sock.Socket, _ socktest.Operations) error { return s.SetRecvErr(true) }, net.ErrClosed},
	"RecvErr":               {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.RecvErr(); return err }, net.ErrClosed},
	"JoinGroup":             {func(s *sock.Socket, _ socktest.Operations) error { return s.JoinGroup(aGroup, 1) }, net.ErrClosed},
	"LeaveGroup":            {func(s *sock.Socket, _ socktest.Operations) error { return s.LeaveGroup(aGroup, 1) }, net.ErrClosed},
	"JoinSourceGroup":       {func(s *sock.Socket, _ socktest.Operations) error { return s.JoinSourceGroup(aGroup, aSource, 1) }, net.ErrClosed},
	"LeaveSourceGroup":      {func(s *sock.Socket, _ socktest.Operations) error { return s.LeaveSourceGroup(aGroup, aSource, 1) }, net.ErrClosed},
	"BlockSource":           {func(s *sock.Socket, _ socktest.Operations) error { return s.BlockSource(aGroup, aSource, 1) }, net.ErrClosed},
	"UnblockSource":         {func(s *sock.Socket, _ socktest.Operations) error { return s.UnblockSource(aGroup, aSource, 1) }, net.ErrClosed},
	"SetMulticastInterface": {func(s *sock.Socket, _ socktest.Operations) error { return s.SetMulticastInterface(1) }, net.ErrClosed},
	"SetMulticastAddr":      {func(s *sock.Socket, _ socktest.Operations) error { return s.SetMulticastAddr(aSource) }, net.ErrClosed},
	"MulticastInterface":    {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.MulticastInterface(); return err }, net.ErrClosed},
	"SetMulticastTTL":       {func(s *sock.Socket, _ socktest.Operations) error { return s.SetMulticastTTL(1) }, net.ErrClosed},
	"MulticastTTL":          {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.MulticastTTL(); return err }, net.ErrClosed},
	"SetMulticastLoop":      {func(s *sock.Socket, _ socktest.Operations) error { return s.SetMulticastLoop(true) }, net.ErrClosed},
	"MulticastLoop":         {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.MulticastLoop(); return err }, net.ErrClosed},
	"SetKeepAlive":          {func(s *sock.Socket, _ socktest.Operations) error { return s.SetKeepAlive(sock.KeepAlive{On: true}) }, net.ErrClosed},
	"KeepAlive":             {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.KeepAlive(); return err }, net.ErrClosed},
	"SetUserTimeout":        {func(s *sock.Socket, _ socktest.Operations) error { return s.SetUserTimeout(1) }, net.ErrClosed},
	"UserTimeout":           {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.UserTimeout(); return err }, net.ErrClosed},
	"SetCongestion":         {func(s *sock.Socket, _ socktest.Operations) error { return s.SetCongestion("reno") }, net.ErrClosed},
	"Congestion":            {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Congestion(); return err }, net.ErrClosed},
	"TCPInfo":               {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.TCPInfo(); return err }, net.ErrClosed},
	"SetULP":                {func(s *sock.Socket, _ socktest.Operations) error { return s.SetULP("tls") }, net.ErrClosed},
	"SetTLSTx":              {func(s *sock.Socket, _ socktest.Operations) error { return s.SetTLSTx(someKeys) }, net.ErrClosed},
	"SetTLSRx":              {func(s *sock.Socket, _ socktest.Operations) error { return s.SetTLSRx(someKeys) }, net.ErrClosed},
	"SetUDPSegment":         {func(s *sock.Socket, _ socktest.Operations) error { return s.SetUDPSegment(1) }, net.ErrClosed},
	"UDPSegment":            {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.UDPSegment(); return err }, net.ErrClosed},
	"SetUDPGRO":             {func(s *sock.Socket, _ socktest.Operations) error { return s.SetUDPGRO(true) }, net.ErrClosed},

	// The methods for packages that add operations.
	"OpError": {func(s *sock.Socket, _ socktest.Operations) error { return s.OpError("poke", sock.Addr{}, nil) }, nil},
	"TryRecv": {func(s *sock.Socket, _ socktest.Operations) error {
		return s.Attempt("poke", loop.Read, func(sysfd int) (loop.Outcome, error) { return s.TryRecv(sysfd, nil, 0) })
	}, net.ErrClosed},
	"TrySend": {func(s *sock.Socket, _ socktest.Operations) error {
		return s.Attempt("poke", loop.Write, func(sysfd int) (loop.Outcome, error) { return s.TrySend(sysfd, nil, 0) })
	}, net.ErrClosed},
	"Waiter": {func(s *sock.Socket, _ socktest.Operations) error { s.Waiter(); return nil }, nil},
	"SyscallConn": {func(s *sock.Socket, _ socktest.Operations) error {
		c, err := s.SyscallConn()
		if err != nil {
			return fmt.Errorf("no connection: %w", err)
		}
		return c.Control(func(uintptr) {})
	}, net.ErrClosed},
}
