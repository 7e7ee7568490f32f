-- HMAC-SHA256 by the test vectors of RFC 4231, and what is made of it for Standard Webhooks.
begin;
select plan(17);

create function pg_temp.hmac(key text, message text) returns text language sql as $$
  select encode(generation_private.hmac_sha256(decode(message, 'hex'), decode(key, 'hex')), 'hex')
$$;
select is(
  pg_temp.hmac(repeat('0b', 20), encode('Hi There', 'hex')),
  'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'RFC 4231, case 1'
);
select is(
  pg_temp.hmac(encode('Jefe', 'hex'), encode('what do ya want for nothing?', 'hex')),
  '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'case 2: a short key'
);
select is(
  pg_temp.hmac(repeat('aa', 20), repeat('dd', 50)),
  '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe', 'case 3'
);
select is(
  pg_temp.hmac('0102030405060708090a0b0c0d0e0f10111213141516171819', repeat('cd', 50)),
  '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b', 'case 4'
);
select is(
  left(pg_temp.hmac(repeat('0c', 20), encode('Test With Truncation', 'hex')), 32),
  'a3b6167473100ee06e0c796c2955552b', 'case 5'
);
select is(
  pg_temp.hmac(repeat('aa', 131), encode('Test Using Larger Than Block-Size Key - Hash Key First', 'hex')),
  '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54', 'case 6: a key longer than a block'
);
select is(
  pg_temp.hmac(repeat('aa', 131), encode(
    'This is a test using a larger than block-size key and a larger than block-size data. '
      'The key needs to be hashed before being used by the HMAC algorithm.', 'hex'
  )),
  '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2', 'case 7: and a long message'
);
select is(pg_temp.hmac('', ''), 'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad', 'nothing at all');

create function pg_temp.signatures(secret text, body text) returns text language sql as $$
  select generation_private.webhook_signatures(
    'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body, generation_private.webhook_keys(secret)
  )
$$;
select is(
  pg_temp.signatures('whsec_' || encode(sha256('a'), 'base64'), '{"test": 2432232314}'),
  'v1,2+1CxPWKh5R2wpFMOpS9rSSG6gYfCHJrn8rWMinTA6c=', 'as the library of Standard Webhooks signs'
);
select is(
  pg_temp.signatures(
    '  whsec_' || encode(sha256('a'), 'base64') || E'\n whsec_' || encode(sha256('b'), 'base64') || ' ', '{"test": 2432232314}'
  ),
  pg_temp.signatures('whsec_' || encode(sha256('a'), 'base64'), '{"test": 2432232314}')
    || ' ' || pg_temp.signatures('whsec_' || encode(sha256('b'), 'base64'), '{"test": 2432232314}'),
  'a signature for each secret, in their order'
);
select isnt(
  pg_temp.signatures('whsec_' || encode(sha256('a'), 'base64'), '{"x": "ä"}'),
  pg_temp.signatures('whsec_' || encode(sha256('a'), 'base64'), '{"x": "a"}'), 'of any text'
);

select is(generation_private.webhook_keys(secret), null, 'no secret: ' || coalesce(left(secret, 20), 'null'))
from unnest(array[
  null,
  '',
  encode(sha256('a'), 'base64'),
  'whsec_c2hvcnQ=',
  'whsec_' || encode(sha256('a'), 'base64') || ' and more',
  'whsec_' || repeat('A', 33)
]) as secret;

select * from finish();
rollback;
