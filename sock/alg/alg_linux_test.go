package alg

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The numbers that every system has are those of Linux.
func TestNumbers(t *testing.T) {
	socktest.Numbers(t, map[string][2]int64{
		"SOL_ALG":               {solALG, sock.SOL_ALG},
		"ALG_SET_KEY":           {setKey, sock.ALG_SET_KEY},
		"ALG_SET_AEAD_AUTHSIZE": {setAEADAuthsize, sock.ALG_SET_AEAD_AUTHSIZE},
		"ALG_OP_DECRYPT":        {opDecrypt, sock.ALG_OP_DECRYPT},
		"ALG_OP_ENCRYPT":        {opEncrypt, sock.ALG_OP_ENCRYPT},
		"MSG_MORE":              {msgMore, sock.MSG_MORE},
	})
}

// An empty message has no tag either. Only the kernel can check that it is genuine, so Decrypt asks
// the kernel. An AF_UNIX pair takes its place here; the other end sends nothing.
func TestDecryptAsksForNothing(t *testing.T) {
	socktest.Check(t)
	a, _ := socktest.UnixSeqpacket.Pair(t)
	s, err := sock.Adopt(a.Detach(), sock.AF_ALG, sock.SOCK_SEQPACKET, 0)
	socktest.Must(t, err)
	defer s.Close()
	socktest.Must(t, s.SetTimeout(0))
	o := &Operation{s, true, 16}
	if text, err := o.Decrypt(make([]byte, 12), nil, nil); err != sock.ErrWouldBlock {
		t.Errorf("Decrypt = %q, %v, and the kernel was not asked", text, err)
	}
}
