import re,collections,sys
d=open('target/wasm32-unknown-unknown/release/generation_queue.wasm','rb').read()
def leb(p):
    r=s=0
    while 1:
        b=d[p];p+=1;r|=(b&127)<<s;s+=7
        if b<128:return r,p
p=8;imports=0;sizes=[];names={}
while p<len(d):
    sid=d[p];p+=1;n,p=leb(p);e=p+n
    if sid==2:
        c,q=leb(p)
        for _ in range(c):
            l,q=leb(q);q+=l;l,q=leb(q);q+=l;k=d[q];q+=1
            if k==0:_,q=leb(q);imports+=1
            elif k==3:q+=2
            elif k==1:
                q+=1;f=d[q];q+=1;_,q=leb(q)
                if f&1:_,q=leb(q)
            elif k==2:
                f=d[q];q+=1;_,q=leb(q)
                if f&1:_,q=leb(q)
    elif sid==10:
        c,q=leb(p)
        for _ in range(c):
            l,q=leb(q);sizes.append(l);q+=l
    elif sid==0:
        l,q=leb(p);nm=d[q:q+l];q+=l
        if nm==b'name':
            while q<e:
                t=d[q];q+=1;l,q=leb(q);f=q+l
                if t==1:
                    c,q2=leb(q)
                    for _ in range(c):
                        i,q2=leb(q2);l2,q2=leb(q2);names[i]=d[q2:q2+l2].decode();q2+=l2
                q=f
    p=e
g=collections.Counter();cnt=collections.Counter();big=collections.defaultdict(list)
for i,s in enumerate(sizes):
    n=names.get(i+imports,'?')
    if 'describe' in n: k='describe'
    else:
        ids=re.findall(r'(?<![0-9])(\d+)_?([a-z_A-Z][A-Za-z_0-9]*)',n)
        seq=[]
        for L,t in ids: seq.append(t[:int(L)])
        if 'generation_queue' in n:
            m=re.search(r'generation_queue(.*)',n); rest=m.group(1)
            ids=[t[:int(L)] for L,t in re.findall(r'(\d+)([a-z_]+)',rest)]
            # first crate in name?
            k='gq::'+'::'.join(ids[:2])
            for c in ('serde_json','serde_core','serde_wasm_bindgen','hashbrown','futures_util','alloc','gloo_net'):
                if re.match(r'_R[A-Za-z0-9_]*?'+str(len(c))+c,n) and n.index(c)<n.index('generation_queue'): k=c+' (for gq)';break
        else:
            k=next((c for c in ('serde_json','serde_core','serde_wasm_bindgen','hashbrown','dlmalloc','wasm_bindgen_futures','wasm_bindgen','js_sys','web_sys','gloo_net','futures_util','base64_simd','memchr','vsimd','zmij','itoa','alloc','core','std','http') if c in n),'other')
    g[k]+=s;cnt[k]+=1;big[k].append((s,n))
for k,v in g.most_common(45):print(v,cnt[k],k)
for k in sys.argv[1:]:
    print('==',k)
    for s,n in sorted(big[k],reverse=True)[:25]:print(s,n[:230])
