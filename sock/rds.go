package sock

import (
	"encoding/binary"
	"net/netip"
)

// Options, ancillary data and tables of AF_RDS that Python does not know: <linux/rds.h>. The level is SOL_RDS.
const (
	SO_RDS_TRANSPORT = 8 // an int, RDS_TRANS_*; before bind, once

	RDS_TRANS_IB   = 0
	RDS_TRANS_TCP  = 2
	RDS_TRANS_NONE = -1

	RDS_CMSG_CONG_UPDATE      = 5  // see Control.RDSCongestion
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

// RDSCongestion reads an RDS_CMSG_CONG_UPDATE, which a socket with RDS_CONG_MONITOR gets: a bit for each port whose congestion
// has ended, that of port p being p modulo 64. ok is false for any other item.
func (c Control) RDSCongestion() (ports uint64, ok bool) {
	if c.Level != solRDS || c.Type != RDS_CMSG_CONG_UPDATE || len(c.Data) != 8 {
		return 0, false
	}
	return binary.NativeEndian.Uint64(c.Data), true
}

// RDSCongestionBit is the bit of a port in what Control.RDSCongestion gives: RDS_CONG_MONITOR_MASK in C.
func RDSCongestionBit(port int) uint64 { return 1 << (uint(port) % 64) }

// RDSConnection is a connection of RDS to another host: struct rds_info_connection of <linux/rds.h>.
//
//	 0: __u64 next_tx_seq;  8: __u64 next_rx_seq;  16: __be32 laddr;  20: __be32 faddr;
//	24: __u8 transport[16]; 40: __u8 flags;        41: __u8 tos;
type RDSConnection struct {
	NextTx, NextRx uint64 // numbers of the next message
	Local, Foreign netip.Addr
	Transport      string // "tcp", "loopback"
	Flags          uint8  // 1: sending, 2: connecting, 4: connected
	TOS            uint8
}

const rdsConnectionLen = 42

// rdsConnectionOf reads an entry of at least rdsConnectionLen bytes.
func rdsConnectionOf(b []byte) RDSConnection {
	return RDSConnection{
		NextTx: binary.NativeEndian.Uint64(b), NextRx: binary.NativeEndian.Uint64(b[8:]),
		Local: netip.AddrFrom4([4]byte(b[16:])), Foreign: netip.AddrFrom4([4]byte(b[20:])),
		Transport: cText(b[24:40]), Flags: b[40], TOS: b[41],
	}
}

// RDSCounter is a number that RDS counts, in all since it was loaded: struct rds_info_counter of <linux/rds.h>.
//
//	0: __u8 name[32]; 32: __u64 value;
type RDSCounter struct {
	Name  string // "send_queued"
	Value uint64
}

const rdsCounterLen = 40

// rdsCounterOf reads an entry of at least rdsCounterLen bytes.
func rdsCounterOf(b []byte) RDSCounter {
	return RDSCounter{cText(b[:32]), binary.NativeEndian.Uint64(b[32:])}
}

// RDSConnections are the connections of RDS in the socket's network namespace, over IPv4 (RDS_INFO_CONNECTIONS).
//
// Errors: as RDSInfo.
func (s *Socket) RDSConnections() ([]RDSConnection, error) {
	return rdsTable(s, RDS_INFO_CONNECTIONS, rdsConnectionLen, rdsConnectionOf)
}

// RDSCounters are what RDS counts (RDS_INFO_COUNTERS).
//
// Errors: as RDSInfo.
func (s *Socket) RDSCounters() ([]RDSCounter, error) {
	return rdsTable(s, RDS_INFO_COUNTERS, rdsCounterLen, rdsCounterOf)
}

func rdsTable[T any](s *Socket, table, least int, entry func([]byte) T) ([]T, error) {
	entries, err := s.RDSInfo(table)
	var list []T
	for _, b := range entries {
		if len(b) >= least {
			list = append(list, entry(b))
		}
	}
	return list, err
}
