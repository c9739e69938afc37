package tlsrecord

import (
	"encoding/binary"
	"math"
	"sync/atomic"
)

// maxSecret is the room for what a direction keeps: a traffic secret of TLS 1.3, or the key and the
// IV of TLS 1.2.
const maxSecret = 48

// A half is one direction of a connection. Idle, it is this and no more: the cipher is made when it
// is used, and dropped by the garbage collections that follow. See live.
type half struct {
	seq    uint64               // of the next record
	secret [maxSecret]byte      // TLS 1.3: the traffic secret; TLS 1.2: the key and the IV
	live   atomic.Pointer[live] // nil while the direction is idle
}

// keys are the key and the IV.
func (h *half) keys(s *Suite, tls13 bool) (key, iv []byte, err error) {
	if tls13 {
		return s.Keys13(h.secret[:s.SecretSize()])
	}
	return h.secret[:s.KeySize], h.secret[s.KeySize : s.KeySize+s.IVSize], nil
}

// cipher returns the cipher of the direction.
func (h *half) cipher(s *Suite, tls13 bool) (*live, error) {
	if l := h.live.Load(); l != nil {
		if !l.used.Load() { // a load is cheaper than a store
			l.used.Store(true)
		}
		return l, nil
	}
	l := new(live)
	if err := h.set(l, s, tls13); err != nil {
		return nil, err
	}
	l.used.Store(true)
	h.live.Store(l)
	lives.add(h)
	return l, nil
}

// set makes the cipher of l from the secret.
func (h *half) set(l *live, s *Suite, tls13 bool) error {
	key, iv, err := h.keys(s, tls13)
	if err != nil {
		return err
	}
	copy(l.iv[:], iv)
	l.aead, err = s.aead(key)
	return err
}

// update goes on to the next traffic secret.
func (h *half) update(s *Suite) error {
	next, err := s.Next(h.secret[:s.SecretSize()])
	if err != nil {
		return err
	}
	copy(h.secret[:], next)
	h.seq = 0
	if l := h.live.Load(); l != nil { // the same live, so that lives has h once
		return h.set(l, s, true)
	}
	return nil
}

// nonce13 is the nonce of the next record of TLS 1.3: RFC 8446, section 5.3.
func (h *half) nonce13(l *live) []byte {
	copy(l.nonce[:4], l.iv[:4])
	binary.BigEndian.PutUint64(l.nonce[4:], binary.BigEndian.Uint64(l.iv[4:])^h.seq)
	return l.nonce[:]
}

// nonce12 is that of a record of TLS 1.2 with AES-GCM: RFC 5288, section 3.
func nonce12(l *live, explicit []byte) []byte {
	copy(l.nonce[:], l.iv[:4])
	copy(l.nonce[4:], explicit)
	return l.nonce[:]
}

// additional12 is the additional data of a record of TLS 1.2 whose plaintext has n bytes: RFC 5246,
// section 6.2.3.3.
func (h *half) additional12(l *live, typ byte, n int) []byte {
	ad := l.added[:]
	binary.BigEndian.PutUint64(ad, h.seq)
	ad[8], ad[9], ad[10] = typ, 3, 3
	binary.BigEndian.PutUint16(ad[11:], uint16(n))
	return ad
}

// spent says that the direction has no number for another record.
func (h *half) spent() bool { return h.seq == math.MaxUint64 }
