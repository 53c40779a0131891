using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Hostile.Tests.Fuzzing;

/// <summary>Hostile upload callbacks. A failure names the seed of its body.</summary>
public sealed class UploadFuzzTests
{
    private static readonly byte[][] Seeds =
    [
        "persistentId=z0.a&bucket=b&key=a%2Fb+c.mp4&hash=Fh8x&x:lesson=42&x:course=7"u8.ToArray(),
        """{"persistentId":"z0.a","bucket":"b","key":"a","hash":"h","x:lesson":"42","fsize":12,"avinfo":{"a":[1,null,true]}}"""u8.ToArray(),
        "persistentId=&key=%E7%AC%AC1%E8%AF%BE.mp4"u8.ToArray(),
    ];

    private static readonly string[] Pieces = ["&", "=", "%", "%00", "%zz", "+", "x:", "persistentId", "{", "}", "\"", "\\ud800", "\0", "\uFEFF", "null", "[", ",", ":", "é"];

    private static readonly IUploadCallbacks Callbacks = ProviderKinds.For(ProviderKind.Qiniu).UploadCallbacks!;

    [Fact]
    public void No_callback_makes_the_decoder_throw_and_each_is_answered_with_one_JSON_object()
    {
        var first = Environment.TickCount & 0x3FFFFFFF;
        for (var seed = first; seed < first + 50_000; seed++)
        {
            var body = Body(new(seed));
            try
            {
                Check(Callbacks.Decode(body, "persistentId"));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {Convert.ToBase64String(body)}", e);
            }
        }
    }

    [Fact]
    public void The_cost_of_a_callback_is_linear_in_its_length()
    {
        const int Size = 4 * 1024 * 1024;
        string[] bodies =
        [
            new('&', Size),
            new('%', Size),
            new('+', Size),
            string.Concat(Enumerable.Repeat("a=b&", Size / 4)),
            "persistentId=z0.a&x:a=" + new string('a', Size),
            string.Concat(Enumerable.Repeat("%00", Size / 3)),
            $"{{\"persistentId\":\"z0.a\",{string.Join(',', Enumerable.Range(0, Size / 16).Select(i => $"\"x:{i:x7}\":\"1\""))}}}",
            "{\"persistentId\":" + new string('[', Size),
        ];
        foreach (var body in bodies)
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            var (allocated, watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
            Check(Callbacks.Decode(bytes, "persistentId"));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 64L * Size, body[..20]);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), body[..20]);
        }
    }

    private static void Check(DecodedUpload decoded)
    {
        using var answer = JsonDocument.Parse(decoded.Answer, new() { MaxDepth = 64, AllowDuplicateProperties = false });
        Assert.Equal(JsonValueKind.Object, answer.RootElement.ValueKind);
        Assert.True(decoded.Id is null || (JobKey.IsValidId(decoded.Id) && decoded.Problem is null));
        if (decoded.Variables is { } variables)
            Assert.InRange(variables.Sum(one => Encoding.UTF8.GetByteCount(one.Key) + Encoding.UTF8.GetByteCount(one.Value)), 0, Job.MaxMetadataBytes);
    }

    private static byte[] Body(Random random)
    {
        var body = Seeds[random.Next(Seeds.Length)].ToList();
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            var at = random.Next(body.Count + 1);
            switch (random.Next(4))
            {
                case 0:
                    body.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case 1 when at < body.Count:
                    body.RemoveRange(at, Math.Min(random.Next(1, 12), body.Count - at));
                    break;
                case 2 when at < body.Count:
                    body[at] = (byte)random.Next(256);
                    break;
                default:
                    var from = random.Next(body.Count + 1);
                    body.InsertRange(at, body.Skip(from).Take(random.Next(30)).ToArray());
                    break;
            }
        }

        return [.. body];
    }
}
