using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FsCheck;
using FsCheck.Fluent;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

/// <summary>A secret in an option of any documented command is found neither in a job nor in its event.</summary>
public partial class SecretsPropertyTests
{
    // @ is an AES key, § a URL with a credential, £ a text in Base64.
    private static readonly string[] Commands =
    [
        "avthumb/m3u8/noDomain/1/segtime/10/hlsKey/@/hlsKeyType/1.0/hlsKeyUrl/§/vb/500k|saveas/£",
        "avthumb/m3u8/hlsKey/@/hlsKeyUrl/§/hlsMethod/qiniu-protection-10/s/640x360",
        "avthumb/m3u8/segtime/15/hlsKeyUrl/§/hlsKey/@/video_240k",
        "avthumb/m3u8/hlsKey/@",
        "avthumb/m3u8/ab/64k/hlsKey/@/pipeline/grab;avthumb/mp4/hlsKey/@|saveas/£",
        "adapt/m3u8/multiResolution/320:240,640:480/hlsKey/@/hlsKeyUrl/§",
        "avthumb/mp4/wmImage/§/wmGravity/NorthWest/wmOffsetX/5/wmText/£/wmFontSize/20",
        "avthumb/mp4/amix/§/amixStart/3/subtitle/§/r/25",
        "avthumb/m3u8/domain/§/pattern/£",
        "avconcat/2/format/mp4/index/1/§/§|saveas/£",
        "concat/mimeType/£/§/§",
        "mkzip/2/encoding/£/url/§/alias/£/url/§\n/url/§/alias/£|saveas/£",
        "watermark/1/image/§/dissolve/50/gravity/SouthEast/dx/10",
        "watermark/3/image/§/text/£/font/£",
        "vframe/jpg/offset/7/w/480|notify-filter/§",
        "vsample/jpg/ss/1/t/10/interval/1/pattern/£|notify-filter/§/force/1",
        "fetchURL/§/bucket/ZHN0/key/£/md5/d41d8cd98f00b204e9800998ecf8427e/decompression/zip",
        "avthumb/mp4/wmImage2/§/wmGravity/TOP_RIGHT|saveas/£",
        "video-censor/v2/{\"callback\":\"§\"}",
        "x-unknown/§",
        "bucket/ZHN0/key/£/deletets/1",
        "bucket/ZHN0/key/§",
        "bucket/ZHN0/prefix/§/output/£",
    ];

    private static readonly OutputDomains Domains = new([new("made", new("https://cdn.example.com"))]);

    private static readonly Gen<string> Secrets = Gen
        .Elements("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".ToCharArray())
        .ArrayOf(20)
        .SelectMany(chars => Gen.Elements("", "", ",", ")", ",a=", "]*", "!("), (chars, within) => $"zQ7{new string(chars, 0, 10)}{within}{new string(chars, 10, 10)}");

    private static readonly Gen<string> Urls =
        from scheme in Gen.Elements("http", "https")
        from host in Gen.Elements("a.example", "cdn-1.example.com", "b.example:8080")
        from path in Gen.Elements("a.mp4", "dir/b b.mp4", "上课.mp4", "x/~y")
        from query in Gen.Elements(
            "?token=AK:*", "?e=1490169871&token=*", "?attname=&e=*&x=1", "?sign=*&t=5d2410e1", "?Signature=*&Expires=1", "?sig=*", "?OSSAccessKeyId=*",
            "?X-Amz-Credential=*%2F20260101%2Fus&X-Amz-Signature=1", "?x-oss-signature=*", "?access_token=*#top", "?auth_key=17-0-0-*", "?a=1&key=*",
            "?q-sign-algorithm=sha1&q-signature=*", "?wsSecret=*&wsTime=1", "#access_token=*", "?security-token=*", "?token=*%3D%3D:eyJ/x%2Fy+z=", "?hdnea=st=17~exp=18~acl=/x/~hmac=*", "?x=1~exp=18~acl=/format/x~hmac=*", "?x=1&amp;token=*&amp;y=1", "?x=1&#38;e=*&#38;y=1",
            "?x=1;token=*;y=1", "?x=1%3Btoken%3D*%3By%3D1", "?x=1%26amp%3Btoken%3D*%26amp%3By%3D1", "?a%5Btoken%5D%3D*", "?x=1%26secretKey=*&y=1")
        from user in Gen.Elements(false, false, false, true)
        select user ? $"{scheme}://me:*@{host}/{path}" : $"{scheme}://{host}/{path}{query}";

    private static readonly Gen<Func<string, string>> Encodings = Gen.Elements<Func<string, string>>(
        Base64Url,
        Base64,
        text => Base64Url(text).TrimEnd('='),
        text => Base64Url(Base64Url(text)),
        text => Uri.EscapeDataString(Base64(text)),
        Uri.EscapeDataString,
        text => Uri.EscapeDataString(Uri.EscapeDataString(text)),
        text => text.Replace(" ", "%20", StringComparison.Ordinal));

    private static readonly Gen<Func<byte[], string>> KeyEncodings = Gen.Elements<Func<byte[], string>>(
        Convert.ToBase64String,
        key => Convert.ToBase64String(key).TrimEnd('='),
        key => Convert.ToBase64String(key).Replace('+', '-').Replace('/', '_'),
        key => Uri.EscapeDataString(Convert.ToBase64String(key)),
        WithShortOption);

    // Between two slashes, standard Base64 may contain text that looks like a short option.
    private static string WithShortOption(byte[] key)
    {
        var option = ((string[])["/t/4", "/r/2", "/ab/6", "/vb/1", "/ss/0"])[key[0] % 5];
        var digits = Convert.ToBase64String(key);
        var at = 1 + (key[1] % 8);
        return $"{digits[..at]}{option}{(char)('A' + (key[2] % 26))}{digits[(at + option.Length + 1)..]}";
    }

    // # is a command, ¤ an address, ¢ a secret.
    private static readonly Gen<string> Bodies = Gen.Elements(
        """{"id":"a","code":0,"items":[{"cmd":#,"code":0,"result":{"token":"¢","m":[{"secretKey":"¢","persistentId":"z0.a"}],"password":["¢"],"text":"{\"access_key\": \"¢\", 'pwd': '¢'}"}}]}""",
        """{"id":"a","code":0,"items":[{"cmd":#,"code":0,"result":{"token":["¢"],"credentials":{"id":"¢"},"text":"{\"token\":[\"¢\"],\"credentials\":{\"id\":\"¢\"}}"}}]}""",
        """{"id":"a","code":3,"items":[{"cmd":#,"code":3,"error":"no {\"token\":[\"¢\",{\"a\":[\"¢\"]}], \"credentials\":{\"id\":\"¢\"}}, x%3D%22token%22%3A%5B%22¢%22%5D"}]}""",
        """{"id":"a","code":3,"items":[{"cmd":#,"code":3,"error":"sent Authorization: Bearer ¢ and X-Auth-Token: ¢"}]}""",
        """{"id":"a","code":0,"inputKey":¤,"items":[{"cmd":#,"code":0,"key":¤},{"cmd":"x","code":0,"keys":[¤]}]}""",
        """{"id":"a","code":3,"inputkey":¤,"items":[{"cmd":#,"code":3,"key":¤,"detail":[{"key":¤,"url":¤}],"decompresslist":[¤]}]}""",
        """{"version":"v3","id":"a","code":0,"input":{"kodo_file":{"bucket":"b","key":¤}},"ops":[{"fop":{"cmd":#,"result":{"code":0,"has_output":true,"kodo_file":{"bucket":"b","key":¤},"output":{"accessToken":"¢"}}}}]}""",
        """{"id":"a","status":"FINISHED","ops":[{"op":{"type":"t","params":{"cmd":#,"secret":"¢","auth":{"api_key":"¢"},"token":["¢"],"text":"{\"password\":{\"v\":\"¢\"}}"}},"result":{"code":0,"key":¤}}]}""",
        """{"id":"a","code":0,"items":[{"cmd":#,"code":0,"desc":#,"result":{"n":[#],"m":{"code":200}}}]}""",
        """{"id":"a","code":3,"desc":#,"items":[{"cmd":#,"code":3,"error":#},{"cmd":"avinfo","code":"0","key":"k","url":#}],"x":[{"y":#}]}""",
        """{"version":"v3","id":"a","code":3,"ops":[{"fop":{"cmd":#,"result":{"code":3,"desc":#,"error":#}}}]}""",
        """{"id":"a","status":"FINISHED","ops":[{"op":{"type":"t","params":{"cmd":#}},"result":{"code":3,"desc":#}}],"notify":{"url":#}}""");

    private static readonly Gen<Case> Cases =
        from command in Gen.Elements(Commands)
        from secret in Secrets
        from url in Urls
        from encode in Encodings
        from bytes in Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(16)
        from large in Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(128)
        from isLarge in Gen.Elements(false, false, true)
        from encodeKey in KeyEncodings
        from body in Bodies
        select Case.Of(command, secret, url, encode, encodeKey(isLarge ? large : bytes), body);

    [Fact]
    public void No_secret_is_found_in_a_job_or_its_event() => Prop.ForAll(Cases.ToArbitrary(), one =>
    {
        foreach (var kind in Enum.GetValues<ProviderKind>())
        {
            foreach (var channel in Enum.GetValues<ReportChannel>())
            {
                if (ProviderKinds.For(kind).Decode(channel, one.Body).Report is not { } report)
                    continue;

                var job = Job.New(new("media", "a"), kind, JobOrigin.Registration, new() { StartedAt = default, Deadline = DateTimeOffset.MaxValue }, default)
                    .Apply(report, default).Job;
                var stored = Encoding.UTF8.GetString(JobJson.Serialize(job));
                var published = JsonSerializer.Serialize(job.ToRecord(Domains), ContractsJson.Wire.JobRecord);
                var shortened = EventCut.Shorter(Encoding.UTF8.GetBytes($$"""{"data":{{published}}}""")).Select(cut => Encoding.UTF8.GetString(EventCut.ToBody(cut)));
                foreach (var text in shortened.Prepend(published).Prepend(stored).Distinct())
                {
                    using var json = JsonDocument.Parse(text);
                    foreach (var said in Texts(json.RootElement).SelectMany(value => Readings(value, 3).Distinct()))
                        Assert.True(one.Finds(said) is not { } found, $"{one.Command} with {one.Url} leaves {one.Finds(said)} in {said}");
                }
            }
        }
    }).Check(PropertyConfig.Of(4000));

    [Fact]
    public void Redacting_twice_equals_redacting_once_and_redaction_by_an_earlier_version_gives_the_same_text() => Prop.ForAll(Cases.ToArbitrary(), one =>
    {
        var redacted = CommandRedaction.Redact(one.Command);

        Assert.Equal(redacted, CommandRedaction.Redact(redacted));

        // The rest of an unpadded key after redaction by an earlier version may be the same text as an option: the two cannot be distinguished.
        if (!UnpaddedKeyWithOption().IsMatch(one.Command))
            Assert.Equal(redacted, CommandRedaction.Redact(EarlierVersion().Replace(one.Command, "${lead}***")));
    }).Check(PropertyConfig.Of(4000));

    // The form before secrets were known to continue across slashes.
    [GeneratedRegex(
        """
          (?<lead> hlsKey (?: \\*/ | \\+u002f )+ ) (?: [^/|;\s"'\\\]] | \\+u00(?!2f|7c|3b|22|27|20|5d)[0-9a-f]{2} )+
        | (?<lead> hlsKey (?: %(?:25)*2f )+ ) (?: (?! %(?:25)*(?:2f|7c|3b|22|27|20|5d) ) [^/|;\s"'\\\]] | \\+u00(?!2f|7c|3b|22|27|20|5d)[0-9a-f]{2} )+
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex EarlierVersion();

    [GeneratedRegex("hlsKey/[a-z0-9+/]*/[a-z]{1,3}/+[0-9][a-z0-9+/]*(?:/hlsKey(?:Type|Url)|/pipeline|/video_|[|;]|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UnpaddedKeyWithOption();

    private static IEnumerable<string> Readings(string text, int depth)
    {
        yield return text;
        if (depth == 0)
            yield break;

        if (text.Contains('%', StringComparison.Ordinal))
        {
            foreach (var reading in Readings(Uri.UnescapeDataString(text), depth - 1))
                yield return reading;
        }

        foreach (var run in Runs().Matches(text).Select(match => match.Value))
        {
            var digits = run.Replace('-', '+').Replace('_', '/').TrimEnd('=');
            if (digits.Length % 4 == 1)
                continue;
            foreach (var reading in Readings(Encoding.UTF8.GetString(Convert.FromBase64String(digits.PadRight((digits.Length + 3) / 4 * 4, '='))), depth - 1))
                yield return reading;
        }
    }

    [GeneratedRegex("[A-Za-z0-9+_-]{12,}={0,2}")]
    private static partial Regex Runs();

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Texts(property.Value).Append(property.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };

    private sealed record Case(string Command, string Url, string Body, IReadOnlyList<string> Pieces)
    {
        public static Case Of(string template, string secret, string urlTemplate, Func<string, string> encode, string key, string bodyTemplate)
        {
            var url = urlTemplate.Replace("*", secret, StringComparison.Ordinal);
            var encoded = encode(url);
            var command = template
                .Replace("@", key, StringComparison.Ordinal)
                .Replace("§", encoded, StringComparison.Ordinal)
                .Replace("£", Base64Url("made:dir/a.mp4"), StringComparison.Ordinal);
            var pieces = new List<string>();
            if (template.Contains('§', StringComparison.Ordinal))
            {
                // Half of a secret would be bad enough, also as half of its encoded form, which is the part that changes with the secret.
                pieces.AddRange([secret[..8], secret[^8..]]);
                var other = encode(urlTemplate.Replace("*", new string('0', secret.Length), StringComparison.Ordinal));
                var first = encoded.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
                var last = encoded.Reverse().Zip(other.Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
                var changed = encoded[first..^last];
                pieces.AddRange(changed.Length < 14 ? [changed] : [changed[1..13], changed[^13..^1]]);
            }

            if (template.Contains('@', StringComparison.Ordinal))
                pieces.AddRange(key.Length < 14 ? [key] : [key[..10], key.TrimEnd('=')[^10..]]);
            if (bodyTemplate.AsSpan().ContainsAny('¤', '¢'))
                pieces.AddRange([secret[..8], secret[^8..]]);
            var body = bodyTemplate
                .Replace("¢", secret, StringComparison.Ordinal)
                .Replace("¤", JsonSerializer.Serialize(url), StringComparison.Ordinal)
                .Replace("#", JsonSerializer.Serialize(command), StringComparison.Ordinal);
            return new(command, url, body, pieces);
        }

        public string? Finds(string text) => Pieces.FirstOrDefault(piece => text.Contains(piece, StringComparison.Ordinal));
    }

    [Fact]
    public void No_secret_is_left_in_any_report()
    {
        var secret = Gen.Elements("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+".ToCharArray())
            .ArrayOf(24)
            .Select(chars => $"zq{new string(chars)}");
        var name = Gen.Elements("hlsKey", "HLSKEY", "hlskey", "HlsKey");
        var slash = Gen.Elements("/", "%2F", "%2f", "%252F", "\\/", "\\\\/");
        var spelling = Gen.Elements<Func<string, string>>(
            text => JsonSerializer.Serialize(text),
            text => $"\"{string.Concat(text.Select(c => $"\\u{(int)c:x4}"))}\"",
            text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal)}\"",
            text => JsonSerializer.Serialize(JsonSerializer.Serialize(new Dictionary<string, string> { ["cmd"] = text })));
        var cases =
            from key in secret
            from word in name
            from separator in slash
            from spell in spelling
            from template in Gen.Elements(
                """{"id":"a","code":0,"items":[{"cmd":§,"code":0,"desc":§,"error":§,"result":{"n":§,"hlsKey":"@"}}]}""",
                """{"id":"a","code":3,"desc":§,"items":[{"cmd":§,"code":"2","desc":§,"error":{"x":§}}],"extra":[§]}""",
                """{"version":"v3","id":"a","code":3,"ops":[{"fop":{"cmd":§,"result":{"code":3,"desc":§,"error":§}}}]}""",
                """{"id":"a","status":"FINISHED","ops":[{"op":{"type":"t","params":{"hlsKey":"@","HLSKey2":§,"cmd":§}},"result":{"code":3,"desc":§}}]}""")
            let command = $"avthumb{separator}m3u8{separator}{word}{separator}{key}|x{separator}{word}{separator}{key}{separator}y"
            select (Secret: key, Body: template.Replace("§", spell(command), StringComparison.Ordinal).Replace("@", key, StringComparison.Ordinal));

        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            foreach (var kind in Enum.GetValues<ProviderKind>())
            {
                foreach (var channel in Enum.GetValues<ReportChannel>())
                {
                    if (ProviderKinds.For(kind).Decode(channel, one.Body).Report is not { } report)
                        continue;

                    // A secret may be spelled in many ways; half of one would be bad enough.
                    var said = string.Join('\n', report.Facts.Items.SelectMany(item => (string?[])[item.Command, item.Description, item.Error, item.Result]))
                        + report.Facts.Raw?.Json;
                    Assert.DoesNotContain(one.Secret[..8], said, StringComparison.Ordinal);
                    Assert.DoesNotContain(one.Secret[^8..], said, StringComparison.Ordinal);
                    using var stillJson = JsonDocument.Parse(report.Facts.Raw!.Value.Json);
                    foreach (var text in Texts(stillJson.RootElement))
                        Assert.DoesNotContain(one.Secret[..8], text, StringComparison.Ordinal);
                }
            }
        }).QuickCheckThrowOnFailure();
    }
}
