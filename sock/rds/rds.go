// Package rds extends sockets of AF_RDS: ancillary data, and the tables of connections, counters
// and messages. See <linux/rds.h>.
//
//	s, err := sock.New(sock.AF_RDS, sock.SOCK_SEQPACKET, 0)
//	connections, err := rds.Connections(s)
//
// Functions that ask the kernel return errors.ErrUnsupported on a system other than Linux.
package rds

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"syscall"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Options, ancillary data and tables beyond those that package sock has: <linux/rds.h>. The level
// is SOL_RDS.
const (
	SO_RDS_TRANSPORT = 8 // a C int, RDS_TRANS_*; set it once, before Bind

	RDS_TRANS_IB   = 0
	RDS_TRANS_TCP  = 2
	RDS_TRANS_NONE = -1

	RDS_CMSG_CONG_UPDATE      = 5  // see Congestion
	RDS_CMSG_ZCOPY_COOKIE     = 12 // a uint32_t, with MSG_ZEROCOPY
	RDS_CMSG_ZCOPY_COMPLETION = 13

	RDS_INFO_COUNTERS         = 10000 // struct rds_info_counter, 40 bytes
	RDS_INFO_CONNECTIONS      = 10001 // struct rds_info_connection, 42 bytes
	RDS_INFO_SEND_MESSAGES    = 10003 // struct rds_info_message, 26 bytes, and so the next two
	RDS_INFO_RETRANS_MESSAGES = 10004
	RDS_INFO_RECV_MESSAGES    = 10005
	RDS_INFO_SOCKETS          = 10006 // struct rds_info_socket, 28 bytes
	RDS_INFO_TCP_SOCKETS      = 10007 // struct rds_info_tcp_socket
)

// Congestion reads an RDS_CMSG_CONG_UPDATE, which a socket with RDS_CONG_MONITOR receives. It has a
// bit for each port whose congestion has ended; CongestionBit returns the bit of a port. ok is
// false for any other item.
func Congestion(c sock.Control) (ports uint64, ok bool) {
	if c.Level != solRDS || c.Type != RDS_CMSG_CONG_UPDATE || len(c.Data) != 8 {
		return 0, false
	}
	return binary.NativeEndian.Uint64(c.Data), true
}

// CongestionBit returns the bit of a port in the result of Congestion: RDS_CONG_MONITOR_MASK in C.
// Ports with the same value modulo 64 share a bit.
func CongestionBit(port int) uint64 { return 1 << (uint(port) % 64) }

// A Connection is a connection of RDS to another host: struct rds_info_connection of <linux/rds.h>.
//
//	 0: __u64 next_tx_seq;  8: __u64 next_rx_seq;  16: __be32 laddr;  20: __be32 faddr;
//	24: __u8 transport[16]; 40: __u8 flags;        41: __u8 tos;
type Connection struct {
	NextTx, NextRx uint64 // numbers of the next message
	Local, Foreign netip.Addr
	Transport      string // "tcp", "loopback"
	Flags          uint8  // 1: sending, 2: connecting, 4: connected
	TOS            uint8
}

const connectionLen = 42

// connectionOf reads an entry of at least connectionLen bytes.
func connectionOf(b []byte) Connection {
	return Connection{
		NextTx: binary.NativeEndian.Uint64(b), NextRx: binary.NativeEndian.Uint64(b[8:]),
		Local: netip.AddrFrom4([4]byte(b[16:])), Foreign: netip.AddrFrom4([4]byte(b[20:])),
		Transport: text(b[24:40]), Flags: b[40], TOS: b[41],
	}
}

// A Counter is a number that RDS counts, since it was loaded: struct rds_info_counter of
// <linux/rds.h>.
//
//	0: __u8 name[32]; 32: __u64 value;
type Counter struct {
	Name  string // "send_queued"
	Value uint64
}

const counterLen = 40

// counterOf reads an entry of at least counterLen bytes.
func counterOf(b []byte) Counter {
	return Counter{text(b[:32]), binary.NativeEndian.Uint64(b[32:])}
}

// Connections returns the connections over IPv4 in the socket's network namespace
// (RDS_INFO_CONNECTIONS).
//
// Errors: those of Info.
func Connections(s *sock.Socket) ([]Connection, error) {
	return table(s, RDS_INFO_CONNECTIONS, connectionLen, connectionOf)
}

// Counters returns the numbers that RDS counts (RDS_INFO_COUNTERS).
//
// Errors: those of Info.
func Counters(s *sock.Socket) ([]Counter, error) {
	return table(s, RDS_INFO_COUNTERS, counterLen, counterOf)
}

func table[T any](s *sock.Socket, table, least int, entry func([]byte) T) ([]T, error) {
	entries, err := Info(s, table)
	var list []T
	for _, b := range entries {
		if len(b) >= least {
			list = append(list, entry(b))
		}
	}
	return list, err
}

// text returns the text in a field of a C structure, up to its first NUL.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

const solRDS = 276 // SOL_RDS, <linux/socket.h>

// Info reads a table of RDS, RDS_INFO_*. Each entry is a structure of <linux/rds.h>.
//
// Errors: ENOPROTOOPT for an unknown table, and for a socket of another family;
// errors.ErrUnsupported on a system other than Linux.
func Info(s *sock.Socket, table int) (entries [][]byte, err error) {
	err = linux.Call(s, "getsockopt", "AF_RDS", func(sysfd int) error {
		// getsockopt(2) returns the length of an entry. ENOSPC says that the room is too small, and
		// how much is needed.
		for room := 4096; ; {
			p := make([]byte, room)
			each, n, err := linux.Getsockopt(sysfd, solRDS, table, p)
			switch {
			case err == syscall.ENOSPC && room < mostRoom:
				room = min(max(2*room, n), mostRoom)
				continue
			case err != nil:
				return err
			}
			for p = p[:min(n, room)]; each > 0 && len(p) >= each; p = p[each:] {
				entries = append(entries, p[:each:each])
			}
			return nil
		}
	})
	return entries, err
}

// mostRoom is the most bytes that a table gets.
const mostRoom = 64 << 20
