package tlsrecord

import (
	"crypto/tls"
	"fmt"
	"testing"
)

// BenchmarkEcho opens and seals one record of 64 bytes on each of many connections in turn, as a
// server of small messages does.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 100} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			var clients, servers []*Conn
			for range conns {
				c, s := ends(b, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
				clients, servers = append(clients, c), append(servers, s)
			}
			text := make([]byte, 64)
			room, answer := make([]byte, 0, 1024), make([]byte, 0, 1024)
			b.SetBytes(64)
			for i := 0; b.Loop(); i++ {
				c, s := clients[i%conns], servers[i%conns]
				c.out.seq, s.in.seq = 1, 1
				record, _ := c.Seal(room, text)
				data, err := s.Open(record)
				if err != nil {
					b.Fatal(err)
				}
				if _, err = s.Seal(answer, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
