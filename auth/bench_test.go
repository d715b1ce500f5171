package auth_test

import (
	"testing"

	"github.com/securetodo/securetodo/auth/authtest"
)

func BenchmarkVerify(b *testing.B) {
	iss := authtest.Start(b)
	for _, size := range []int{0, 10_000} {
		c := iss.Config()
		c.CacheSize = size
		v := newVerifier(b, c)
		for _, alg := range authtest.Algs {
			name := alg + "/cold"
			if size > 0 {
				name = alg + "/cached"
			}
			token := iss.Token(alg, nil)
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := v.Verify(b.Context(), token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
