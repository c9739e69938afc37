package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/tlsrecord"
)

// The server "floor" does what every server of a TLS echo must do, and no more: a Poller's Wait,
// recv, one Open and one Seal of the cipher, send. It has no lanes, no deadlines, no errors and no
// partial records. Its cost is the least that a server over this poller can have on this machine.

// A floorConn is a connection of it: one cipher and one sequence number for each direction.
type floorConn struct {
	file    *os.File
	in, out cipher.AEAD
	inIV    [12]byte
	outIV   [12]byte
	inSeq   uint64
	outSeq  uint64
}

func tlsFloor(cfg *tls.Config) (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	poller, err := pollux.New(nil)
	if err != nil {
		return "", err
	}
	conns := make([]*floorConn, 1<<16) // by descriptor; an entry is set before the poller knows it
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				f, err := floorHandshake(c.(*net.TCPConn), cfg)
				if err == nil {
					fd := int(f.file.Fd())
					conns[fd] = f
					err = poller.Add(fd, pollux.MakeToken(uint32(fd), 1))
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, "floor:", err)
				}
			}()
		}
	}()
	go func() {
		events := make([]pollux.Event, 256)
		room := make([]byte, 64<<10)
		answer := make([]byte, 0, 64<<10)
		nonce := make([]byte, 12)
		for {
			n, err := poller.Wait(events, -1)
			if err != nil {
				return
			}
			for _, e := range events[:n] {
				if e.Ready&pollux.Readable != 0 {
					conns[e.Token.Slot()].echo(int(e.Token.Slot()), room, answer, nonce)
				}
			}
		}
	}()
	return ln.Addr().String(), nil
}

// echo answers one record.
func (f *floorConn) echo(fd int, room, answer, nonce []byte) {
	n, _ := rawRecv(fd, room)
	if n <= tlsrecord.HeaderSize {
		f.file.Close() // the end, or an error
		return
	}
	text, err := f.in.Open(room[5:5], floorNonce(nonce, &f.inIV, &f.inSeq), room[5:n], room[:5])
	if err != nil {
		f.file.Close()
		return
	}
	answer = append(append(answer, 23, 3, 3, 0, 0), text...) // text ends with the type
	binary.BigEndian.PutUint16(answer[3:], uint16(len(text)+16))
	answer = f.out.Seal(answer[:5], floorNonce(nonce, &f.outIV, &f.outSeq), answer[5:], answer[:5])
	rawSend(fd, answer)
}

func floorNonce(nonce []byte, iv *[12]byte, seq *uint64) []byte {
	copy(nonce, iv[:4])
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(iv[4:])^*seq)
	*seq++
	return nonce
}

// floorHandshake makes the handshake by crypto/tls, and takes the keys of what follows.
func floorHandshake(c *net.TCPConn, cfg *tls.Config) (*floorConn, error) {
	defer c.Close()
	var log bytes.Buffer
	cfg = cfg.Clone()
	cfg.KeyLogWriter = &log
	cfg.MinVersion = tls.VersionTLS13
	tc := tls.Server(&recordReader{Conn: c}, cfg)
	if err := tc.Handshake(); err != nil {
		return nil, err
	}
	f := new(floorConn)
	suite := tlsrecord.SuiteOf(tls.VersionTLS13, tc.ConnectionState().CipherSuite)
	for line := range bytes.Lines(log.Bytes()) {
		fields := bytes.Fields(line)
		aead, iv := &f.in, &f.inIV
		switch string(fields[0]) {
		case "CLIENT_TRAFFIC_SECRET_0":
		case "SERVER_TRAFFIC_SECRET_0":
			aead, iv = &f.out, &f.outIV
		default:
			continue
		}
		secret, err := hex.DecodeString(string(fields[2]))
		if err != nil {
			return nil, err
		}
		key, nonce, err := suite.Keys13(secret)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if *aead, err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
		copy(iv[:], nonce)
	}
	var err error
	f.file, err = c.File()
	return f, err
}

// A recordReader gives crypto/tls one record at a time: the rest of the stream is not for it.
type recordReader struct {
	net.Conn
	header []byte
	rest   int
}

func (r *recordReader) Read(p []byte) (int, error) {
	if r.rest > 0 {
		n, err := r.Conn.Read(p[:min(len(p), r.rest)])
		r.rest -= n
		return n, err
	}
	n, err := r.Conn.Read(p[:min(len(p), tlsrecord.HeaderSize-len(r.header))])
	if r.header = append(r.header, p[:n]...); len(r.header) == tlsrecord.HeaderSize {
		r.rest, r.header = int(binary.BigEndian.Uint16(r.header[3:])), nil
	}
	return n, err
}
