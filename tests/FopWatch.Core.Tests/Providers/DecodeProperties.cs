using System.Text;
using System.Text.Json.Nodes;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Providers;

public class DecodeProperties
{
    private static readonly string[] Samples =
    [
        """{"id":"z0.a","code":0,"type":1,"creationDate":"2024-08-27T19:02:44.664312968+08:00","inputBucket":"b","items":[{"cmd":"x|saveas/YTpi","code":0,"key":"k","hash":"h"},{"cmd":"x","code":3,"error":"no \ud83d\ude00","errorIndex":1},{"cmd":"i","code":0,"result":{"a":[1,2.5e3,null,true,"ü"]}}]}""",
        """{"version":"v3","id":"w","created_at":1724756564664,"input":{"kodo_file":{"bucket":"b","key":"k"}},"code":3,"ops":[{"id":"1","fop":{"cmd":"c","result":{"code":6,"kodo_file":{"key":"k"}}}}]}""",
        """{"id":"w","status":"FINISHED","success":true,"result":{"code":0},"ops":[{"op":{"type":"t","params":{"b":1,"a":{"hlsKey":"s"}}},"result":{"code":0}}]}""",
        """{"id":"1005","code":3,"separate":"0","inputkey":"k","items":[{"cmd":"a|saveas/YTpi","code":"3","fsize":"7","key":"b:k","error":null,"detail":[{"key":"b:2","url":"u"}],"decompresslist":["f",{"key":"g"}]}]}""",
        """{"id":"z0.a","code":4,"items":[{"cmd":"x","code":4,"key":"k"},{"cmd":"y","code":4,"error":"no"},{"cmd":"i","code":"4","result":{"a":1}},{"cmd":"z","code":4}]}""",
        """{"code":"404","message":"no"}""",
    ];

    private static readonly Gen<byte[]> AnyBytes = Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf();

    private static readonly Gen<byte[]> MutatedBodies =
        from sample in Gen.Elements(Samples)
        from base64 in Gen.Elements(false, false, true)
        let whole = base64 ? Convert.ToBase64String(Encoding.UTF8.GetBytes(sample)) : sample
        from edits in (from at in Gen.Choose(0, 9999)
                       from take in Gen.Choose(0, 3)
                       from put in Gen.Elements("", "\"", "{", "}", "[", "]", ",", ":", "\\", "\\ud800", "-", "9", "null", "\0", "é", "hlsKey/", " ", "%")
                       select (at, take, put)).ListOf()
        select edits.Aggregate(Encoding.UTF8.GetBytes(whole), (body, edit) =>
        {
            var at = edit.at % (body.Length + 1);
            return [.. body.AsSpan(0, at), .. Encoding.UTF8.GetBytes(edit.put), .. body.AsSpan(Math.Min(body.Length, at + edit.take))];
        });

    [Fact]
    public void No_bytes_make_a_decoder_throw() => Prop.ForAll(AnyBytes.ToArbitrary(), DecodeEveryWay).Check(PropertyConfig.Of(500));

    [Fact]
    public void No_change_of_a_body_makes_a_decoder_throw() =>
        Prop.ForAll(MutatedBodies.ToArbitrary(), DecodeEveryWay).Check(PropertyConfig.Of(3000));

    [Fact]
    public void The_order_of_keys_and_items_affects_only_the_order_in_which_items_are_shown()
    {
        var orders =
            from sample in Gen.Elements(Orderable)
            from seed in Gen.Choose(0, int.MaxValue)
            select (Body: sample, Seed: seed);
        Prop.ForAll(orders.ToArbitrary(), one =>
        {
            var random = new Random(one.Seed);
            var shuffled = Shuffled(JsonNode.Parse(one.Body)!, random).ToJsonString();
            foreach (var kind in Enum.GetValues<ProviderKind>())
            {
                foreach (var channel in Enum.GetValues<ReportChannel>())
                {
                    var (before, after) = (ProviderKinds.For(kind).Decode(channel, one.Body), ProviderKinds.For(kind).Decode(channel, shuffled));
                    Assert.Equal(before.Problem, after.Problem);
                    Assert.Equal(Unordered(before), Unordered(after));
                }
            }
        }).Check(PropertyConfig.Of(500));
    }

    // The body is kept as received, and items are shown in the order of the report that concludes the job.
    private static JobReport? Unordered(Decoded decoded) => decoded.Report is { } report
        ? report with
        {
            Facts = report.Facts with { Raw = null, Items = [.. report.Facts.Items.Select(item => item with { Position = null })] },
        }
        : null;

    [Fact]
    public void No_header_makes_a_signature_check_throw()
    {
        var keys = new KeyRing([new("ak", "sk")]);
        var text = Gen.Elements("Qiniu", "QBox", " ", ":", "ak", "=", "AAAA", "é", "\uD800", "\0", "0ujEjW_vLRZxebsveBgqa3JyQ-w=").ListOf().Select(string.Concat);
        Prop.ForAll(text.ToArbitrary(), authorization =>
        {
            foreach (var kind in Enum.GetValues<ProviderKind>())
            {
                var request = new SignedRequest { Url = new("https://a.example/n?q=1"), Authorization = authorization, ContentType = authorization, Body = new byte[3] };
                Assert.Contains(ProviderKinds.For(kind).Verify(request, keys), (Trust[])[Trust.None, Trust.Invalid]);
            }
        }).Check(PropertyConfig.Of(500));
    }

    private static readonly string[] Orderable =
    [
        """{"id":"a","code":0,"inputBucket":"b","items":[{"cmd":"x","code":2,"desc":"one"},{"cmd":"x","code":2,"desc":"two"},{"cmd":"x","code":2,"errorIndex":3},{"cmd":"x","code":9},{"cmd":"x","code":8},{"cmd":"w","code":0,"keys":["1","2","3"]},{"cmd":"w","code":0,"keys":["1","2","4"]}]}""",
        """{"id":"a","code":0,"items":[{"cmd":"i","code":0,"result":{"b":{"d":1,"c":2},"a":3}},{"cmd":"i","code":0,"result":{"z":1,"y":2}},{"cmd":"i","code":0,"returnOld":1},{"cmd":"i","code":0,"returnOld":0}]}""",
        """{"id":"a","code":4,"inputBucket":"b","items":[{"cmd":"x","code":4,"key":"k","hash":"h"},{"cmd":"x","code":4,"error":"no","key":"k"},{"cmd":"x","code":4},{"cmd":"x","code":0,"key":"k"},{"cmd":"x","code":4,"keys":["1","2"]}]}""",
        """{"version":"v3","id":"a","code":3,"ops":[{"id":"1","fop":{"cmd":"c","result":{"code":0,"kodo_file":{"key":"k","hash":"1"}}}},{"id":"2","fop":{"cmd":"c","result":{"code":0,"kodo_file":{"key":"k","bucket":"z"}}}},{"id":"3","fop":{"cmd":"c"}}]}""",
        """{"id":"a","status":"FINISHED","success":false,"ops":[{"op":{"type":"t","params":{"b":1,"a":{"y":1,"x":2}}},"result":{"code":3,"desc":"p"}},{"op":{"type":"t","params":{"a":{"x":2,"y":1},"b":1}},"result":{"code":3,"desc":"q"}}]}""",
        """{"id":"a","code":3,"items":[{"cmd":"c","code":3,"key":"b:1","fsize":1,"detail":[{"key":"b:1","url":"u"},{"key":"b:1","url":"v"}]},{"cmd":"c","code":3,"key":"b:1","fsize":2},{"cmd":"c","code":6,"key":"b:1","fsize":2},{"cmd":"c","code":18}]}""",
    ];

    /// <summary>The same document with object properties, and lists that are sets, in another order.</summary>
    private static JsonNode Shuffled(JsonNode node, Random random)
    {
        switch (node)
        {
            case JsonObject map:
                var properties = map.ToArray();
                random.Shuffle(properties);
                return new JsonObject(properties.Select(property => KeyValuePair.Create(property.Key, property.Value is null ? null : Shuffled(property.Value, random))));
            case JsonArray list:
                var entries = list.ToArray();
                random.Shuffle(entries);
                return new JsonArray([.. entries.Select(entry => Shuffled(entry!, random))]);
            default:
                return node.DeepClone();
        }
    }

    private static void DecodeEveryWay(byte[] body)
    {
        foreach (var kind in Enum.GetValues<ProviderKind>())
        {
            var provider = ProviderKinds.For(kind);
            provider.ErrorStatus(body);
            foreach (var channel in Enum.GetValues<ReportChannel>())
            {
                var decoded = provider.Decode(channel, body);
                Assert.True(decoded.Report is null != decoded.Problem is null);
                if (decoded.Report is not { } report)
                    continue;

                Assert.True(report.Id is null ? channel == ReportChannel.Poll : JobKey.IsValidId(report.Id));
                Assert.Equal(report.Facts, JobFacts.None.Join(report.Facts));
                if (report.Facts.Raw is { } raw)
                    JsonNode.Parse(raw.Json);
            }
        }
    }
}
