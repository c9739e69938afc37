package sock

import "testing"

// Nothing at all has no tag either: that it is genuine only the kernel can say, and so it is asked. An AF_UNIX pair is in its place here,
// whose other end says nothing.
func TestDecryptAsksForNothing(t *testing.T) {
	fds, err := sysSocketpair(AF_UNIX, SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, kernel := adopt(fds[0], AF_ALG, SOCK_SEQPACKET, 0, 0), adopt(fds[1], AF_UNIX, SOCK_SEQPACKET, 0, 0)
	defer s.Close()
	defer kernel.Close()
	o := &AlgOperation{s, true, 16}
	if text, err := o.Decrypt(make([]byte, 12), nil, nil); err != ErrWouldBlock {
		t.Errorf("Decrypt = %q, %v, and the kernel was not asked", text, err)
	}
}
