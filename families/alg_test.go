package families_test

import (
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

// algSockaddrs has addresses with this layout, <linux/if_alg.h>:
//
//	struct sockaddr_alg { header; __u8 salg_type[14]; __u32 salg_feat, salg_mask; __u8 salg_name[64]; };
var algSockaddrs = []sockaddrTest{
	{families.Linux, families.ALG("hash", "sha256", 0, 0), "2600 68617368" + zeros(10) + "00000000 00000000 736861323536" + zeros(58)},
	{families.Linux, families.ALG("aead", "gcm(aes)", 7, 15), "2600 61656164" + zeros(10) + "07000000 0f000000 67636d2861657329" + zeros(56)},
	// The longest address, and an empty one.
	{
		families.Linux, families.ALG(strings.Repeat("t", 13), strings.Repeat("n", 63), 1<<32-1, 1<<32-1),
		"2600" + strings.Repeat("74", 13) + "00 ffffffff ffffffff" + strings.Repeat("6e", 63) + "00",
	},
	{families.Linux, families.ALG("", "", 0, 0), "2600" + zeros(86)},
}

func zeros(bytes int) string { return strings.Repeat("00", bytes) }

func TestALGSockaddr(t *testing.T) { testSockaddrs(t, algSockaddrs) } // items 213, 214

func TestALGShort(t *testing.T) { testShort(t, "alg", map[*families.System]int{families.Linux: 24}) }

func TestALG(t *testing.T) { // item 214
	typ, name, feat, mask := families.ALG("skcipher", "cbc(aes)", 1, 2).ALG()
	if typ != "skcipher" || name != "cbc(aes)" || feat != 1 || mask != 2 {
		t.Errorf("ALG = %q, %q, %d, %d", typ, name, feat, mask)
	}
	if families.ALG("a", "bc", 0, 0) == families.ALG("ab", "c", 0, 0) || families.ALG("a\x00b", "c", 0, 0) == families.ALG("a", "b\x00c", 0, 0) {
		t.Error("where the type ends makes a difference")
	}
}

func TestALGRules(t *testing.T) { // item 213
	type14, name64 := strings.Repeat("t", 14), strings.Repeat("n", 64)
	testRules(t, []ruleTest{
		{"type", families.Linux, families.ALG(type14, "", 0, 0), families.ErrALGType, `AF_ALG type too long. (got "` + type14 + `")`},
		{"name", families.Linux, families.ALG("hash", name64, 0, 0), families.ErrALGName, `AF_ALG name too long. (got "` + name64 + `")`},
		{"both", families.Linux, families.ALG(type14, name64, 0, 0), families.ErrALGType, `AF_ALG type too long. (got "` + type14 + `")`},
		{"a NUL in the type", families.Linux, families.ALG("ha\x00sh", "sha1", 0, 0), families.ErrNUL, `embedded null character (got "ha\x00sh:sha1")`},
		{"a NUL in the name", families.Linux, families.ALG("hash", "sha1\x00", 0, 0), families.ErrNUL, `embedded null character (got "hash:sha1\x00")`},
	})
}

func TestALGText(t *testing.T) {
	testTexts(t, []textTest{
		{"alg:hash:sha256", families.ALG("hash", "sha256", 0, 0), ""},
		// A name with commas and brackets.
		{"alg:aead:authenc(hmac(sha1),cbc(aes))", families.ALG("aead", "authenc(hmac(sha1),cbc(aes))", 0, 0), ""},
		{"alg:hash:sha256?feat=0x1&mask=0xf", families.ALG("hash", "sha256", 1, 15), ""},
		{"alg:hash:sha256?feat=1&mask=0", families.ALG("hash", "sha256", 1, 0), "alg:hash:sha256?feat=0x1&mask=0x0"},
		{"alg::", families.ALG("", "", 0, 0), ""},
		{"alg:a%3ab:c%3fd%20e", families.ALG("a:b", "c?d e", 0, 0), ""},
		// A type with the name of another family.
		{"alg:can:x", families.ALG("can", "x", 0, 0), ""},
	})
	// Parse of the family accepts its name in front, so String writes the name.
	a := families.ALG("alg", "x", 0, 0)
	if a.String() != "alg:alg:x" {
		t.Errorf("String = %q", a)
	}
	checkText(t, a)
	testTextErrors(t, []textErrorTest{
		{"alg:hash", families.ErrSyntax},
		{"alg:hash:sha256:x", families.ErrSyntax},
		{"alg:hash:sha256?", families.ErrSyntax},
		{"alg:hash:sha256?feat=1", families.ErrSyntax},
		{"alg:hash:sha256?feat=1&mask=4294967296", families.ErrSyntax},
		{"alg:hash:sha256?mask=1&feat=1", families.ErrSyntax},
		{"alg:%00:x", families.ErrNUL},
		{"alg:" + strings.Repeat("t", 14) + ":x", families.ErrALGType},
		{"alg:x:" + strings.Repeat("n", 64), families.ErrALGName},
	})
}
