package sock_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/polluxio/pollux/sock"
)

// datagramPair returns a socket that is bound to an address, and one that is connected to it.
func datagramPair(at string) (server, client *sock.Socket) {
	server, err := sock.Listen(at, nil)
	if err != nil {
		log.Fatal(err)
	}
	to, err := server.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	client, err = sock.DialAddr(to, &sock.ConnectionConfig{Type: sock.SOCK_DGRAM})
	if err != nil {
		log.Fatal(err)
	}
	return server, client
}

// received sends a datagram over the loopback interface to a socket with that option set, and
// returns the ancillary data that came with it.
func received(option int, send ...sock.Control) []sock.Control {
	at := "udp:127.0.0.1:0"
	level := sock.IPPROTO_IP
	switch option {
	case sock.IPV6_RECVHOPLIMIT, sock.IPV6_RECVTCLASS:
		at, level = "udp:[::1]:0", sock.IPPROTO_IPV6
	case sock.SO_TIMESTAMPNS:
		level = sock.SOL_SOCKET
	}
	s, c := datagramPair(at)
	defer s.Close()
	defer c.Close()
	if err := s.Setsockopt(level, option, 1); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Sendmsg([][]byte{[]byte("x")}, send, 0, sock.Addr{}); err != nil {
		log.Fatal(err)
	}
	_, items, _, _, err := s.Recvmsg(10, 200, 0)
	if err != nil {
		log.Fatal(err)
	}
	return items
}

// The type of service of one datagram, and the type of service that a datagram came with.
func ExampleTOS() {
	for _, c := range received(sock.IP_RECVTOS, sock.TOS(0x10).Control()) {
		tos, ok := c.TOS()
		fmt.Println(tos, ok)
	}
	// Output: 16 true
}

// The address of this host that the sender has used, and the interface: what a server needs that
// answers from the same address.
func ExamplePktInfo() {
	for _, c := range received(sock.IP_PKTINFO) {
		info, ok := c.PktInfo()
		fmt.Println(info.Dst, info.Interface != 0, ok)
		answer := sock.PktInfo{Local: info.Dst}.Control() // for Sendmsg
		fmt.Println(answer.Type == sock.IP_PKTINFO)
	}
	// Output:
	// 127.0.0.1 true true
	// true
}

// The time at which the kernel received a packet.
func ExampleControl_Timestamp() {
	for _, c := range received(sock.SO_TIMESTAMPNS) {
		at, ok := c.Timestamp()
		fmt.Println(time.Since(at) < time.Minute, ok)
	}
	// Output: true true
}

// The credentials of the sender, which the kernel checks.
func ExampleUcred() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	if err := b.Setsockopt(sock.SOL_SOCKET, sock.SO_PASSCRED, 1); err != nil {
		log.Fatal(err)
	}
	a.Send([]byte("x"), 0)
	_, items, _, _, err := b.Recvmsg(10, 100, 0)
	if err != nil {
		log.Fatal(err)
	}
	cred, ok := items[0].Ucred()
	fmt.Println(cred.PID == os.Getpid(), cred.UID == os.Getuid(), ok)
	// Output: true true true
}

// A datagram that nothing received comes back as an ICMP error, in the queue of errors.
func ExampleQueuedError() {
	none, err := sock.Listen("udp:127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	at, err := none.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	none.Close()

	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.SetRecvErr(true); err != nil {
		log.Fatal(err)
	}
	if _, err := s.Sendto([]byte("hello"), 0, at); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 100)
	m, err := s.RecvError(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q to that address: %t: %v\n", buf[:m.N], m.To == at, m.Err.Errno)
	fmt.Println(m.Err.Origin == sock.SO_EE_ORIGIN_ICMP, m.Err.Offender, m.Times.Software.IsZero())
	// Output:
	// "hello" to that address: true: connection refused
	// true 127.0.0.1:0 true
}

// An item that was cut is an error. The items before it are still there.
func ExampleControlError() {
	control, err := sock.AppendControl(nil, sock.TTL(64).Control(), sock.TTL(65).Control())
	if err != nil {
		log.Fatal(err)
	}
	first, err := sock.CMSG_SPACE(4) // the room of an int
	if err != nil {
		log.Fatal(err)
	}
	second, err := sock.CMSG_LEN(4)
	if err != nil {
		log.Fatal(err)
	}
	items, err := sock.ParseControl(control[:first+second-1]) // the last byte is lost
	var cut *sock.ControlError
	fmt.Println(len(items), errors.As(err, &cut))
	// Output: 2 true
}

// What the kernel knows about a connection.
func ExampleTCPInfo() {
	ln, err := sock.Listen("tcp:127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	at, err := ln.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	s, err := sock.DialAddr(at, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	info, err := s.TCPInfo()
	fmt.Println(info.State == 1, info.SndMSS > 0, info.RTT < time.Minute, err) // 1 is TCP_ESTABLISHED
	// Output: true true true <nil>
}

// Operations of AF_ALG are ancillary data. Package sock/alg needs less of the caller.
func ExampleAlgOp() {
	for _, c := range []sock.Control{sock.AlgOp(sock.ALG_OP_ENCRYPT).Control(), sock.AlgIV(make([]byte, 16)).Control(), sock.AlgAssoclen(8).Control()} {
		op, isOp := c.AlgOp()
		iv, isIV := c.AlgIV()
		n, isLen := c.AlgAssoclen()
		fmt.Println(op, isOp, len(iv), isIV, n, isLen)
	}
	// Output:
	// encrypt true 0 false 0 false
	// decrypt false 16 true 0 false
	// decrypt false 0 false 8 true
}

// The hop limit and the traffic class of an IPv6 datagram.
func ExampleHopLimit() {
	for _, c := range received(sock.IPV6_RECVHOPLIMIT, sock.HopLimit(7).Control()) {
		limit, ok := c.HopLimit()
		fmt.Println(limit, ok)
	}
	for _, c := range received(sock.IPV6_RECVTCLASS, sock.TrafficClass(0x20).Control()) {
		class, ok := c.TrafficClass()
		fmt.Println(class, ok)
	}
	// Output:
	// 7 true
	// 32 true
}

// One send of several datagrams, and one receive of them. RecvBatch and SendBatch do both by
// themselves.
func ExampleUDPSegment() {
	s, c := datagramPair("udp:127.0.0.1:0")
	defer s.Close()
	defer c.Close()
	if err := s.SetUDPGRO(true); err != nil {
		log.Fatal(err)
	}
	text := [][]byte{[]byte("onetwosix!")}
	if _, err := c.Sendmsg(text, []sock.Control{sock.UDPSegment(3).Control()}, 0, sock.Addr{}); err != nil {
		log.Fatal(err)
	}
	data, items, _, _, err := s.Recvmsg(1<<16, 100, 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range items {
		size, ok := c.UDPGRO()
		fmt.Printf("%q, in datagrams of %d: %t\n", data, size, ok)
	}
	// Output: "onetwosix!", in datagrams of 3: true
}

// The kernel encrypts what a socket sends, with keys of a handshake. Package sock/tlsconn does
// both.
func ExampleTLSCryptoInfo() {
	keys := sock.TLSCryptoInfo{Version: sock.TLS_1_3_VERSION, Cipher: sock.TLS_CIPHER_AES_GCM_128,
		IV: make([]byte, 8), Key: make([]byte, 16), Salt: make([]byte, 4), RecSeq: make([]byte, 8)}
	value, err := keys.Bytes() // SetTLSTx and SetTLSRx take the keys themselves
	fmt.Println(len(value), err)

	const alert = 21
	c := sock.TLSRecordType(alert).Control() // for a Sendmsg of an alert
	fmt.Println(c.Level == sock.SOL_TLS)
	// Output:
	// 40 <nil>
	// true
}

// An ICMPv6 filter of a program that only waits for echo replies. SetICMP6Filter sets it on a raw
// socket.
func ExampleICMP6Filter() {
	const echoRequest, echoReply = 128, 129
	f := sock.ICMP6BlockAll()
	f.Pass(echoReply)
	fmt.Println(f.Passes(echoReply), f.Passes(echoRequest))
	// Output: true false
}

// The time at which a packet is to be sent, for a socket with SO_TXTIME.
func ExampleTxTime() {
	c := sock.TxTime(1_000_000_000).Control() // a second after the origin of the clock
	at, ok := c.TxTime()
	fmt.Println(uint64(at), len(c.Data), ok)
	// Output: 1000000000 8 true
}
