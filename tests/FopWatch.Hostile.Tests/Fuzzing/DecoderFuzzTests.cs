using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Hostile.Tests.Fuzzing;

/// <summary>
/// Hostile bodies against every decoder, and decoded ones against everything after it: the join, storage, answers and
/// events. <c>FOPWATCH_FUZZ_EXECUTIONS</c> sets the number of bodies, <c>FOPWATCH_FUZZ_SEED</c> the first seed. A failure names the seed of
/// its body; a run with that seed and one execution repeats it.
/// </summary>
public class DecoderFuzzTests
{
    /// <summary>The allocation limit of reading a body: per byte of it, per object that it can list, and a constant.</summary>
    private const int BytesPerByte = 64;
    private const int BytesPerObject = 1536;
    private const int BytesBeside = 128 * 1024;

    /// <summary>The limits of reading a body as a hint: allocation per byte, and time for 4 MB.</summary>
    private const int HintBytesPerByte = 16;

    private static readonly TimeSpan HintTime = TimeSpan.FromSeconds(2);

    /// <summary>The time limit of reading bodies, per execution over a batch.</summary>
    private static readonly TimeSpan PerExecution = TimeSpan.FromMilliseconds(2);

    // It must not appear in any output: no decoder ever sees a key.
    private const string Secret = "sentinel-secret-key-7d1f";

    private static readonly (ProviderKind Kind, ReportChannel Channel)[] Decoders =
        [.. from kind in Enum.GetValues<ProviderKind>() from channel in Enum.GetValues<ReportChannel>() select (kind, channel)];

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task No_body_makes_a_decoder_or_later_code_throw_or_take_more_than_its_length_allows()
    {
        var executions = Number("FOPWATCH_FUZZ_EXECUTIONS", 1_000_000);
        var firstSeed = Number("FOPWATCH_FUZZ_SEED", Environment.TickCount & 0x3FFFFFFF);
        var bodies = (executions + Decoders.Length - 1) / Decoders.Length;
        var stopwatch = Stopwatch.StartNew();
        var workers = Math.Max(1, Environment.ProcessorCount);

        // Each body has its own seed, so that one can be repeated without those before it.
        var results = await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() =>
        {
            var run = new Run();
            for (var i = worker; i < bodies; i += workers)
                run.Play(firstSeed + i);
            return run;
        })));

        var understood = results.Sum(run => run.Understood);
        var total = results.Sum(run => run.Executions);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"fuzz: {total} executions of {Decoders.Length} decoders, {understood} decoded, {total - understood} refused, 0 threw; at most {results.Max(run => run.MostPerByte):0} bytes allocated per byte of a body of 1 KiB or more; {stopwatch.Elapsed.TotalSeconds:0} s; seed {firstSeed}");
        Figures.Write(line);

        Assert.True(total >= executions);
        if (executions >= 10_000)
        {
            // If every body were refused at once, the fuzzer would test nothing else.
            Assert.InRange(understood, total / 20, total);
        }

        Assert.True(stopwatch.Elapsed < TimeSpan.FromSeconds(10) + (total * PerExecution), line);
    }

    [Fact]
    public void The_cost_limits_of_a_body_hold_for_large_ones_too()
    {
        const int Size = 4 * 1024 * 1024;
        byte[][] bodies =
        [
            Encoding.UTF8.GetBytes("{\"id\":\"a\",\"code\":0,\"items\":" + new string('[', Size)),
            Encoding.UTF8.GetBytes("{\"id\":\"" + new string('a', Size) + "\"}"),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,\"items\":[{string.Join(',', Enumerable.Repeat("{}", Size / 3))}]}}"),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,\"items\":[{string.Join(',', Enumerable.Repeat("{}", 10_000))}]}}"),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,\"items\":[{{\"cmd\":\"a\",\"code\":0,\"keys\":[{string.Join(',', Enumerable.Repeat("\"k\"", Size / 4))}]}}]}}"),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,\"items\":[{{\"cmd\":\"{string.Concat(Enumerable.Repeat("saveas/", Size / 7))}\",\"code\":0,\"key\":\"k\"}}]}}"),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,\"items\":[{{\"cmd\":\"{string.Concat(Enumerable.Repeat("hlsKey/", Size / 7))}\",\"code\":0,\"key\":\"k\"}}]}}"),
            .. ((string[])["", "token=x", "hlsKey/", "%3Ftoken%3D", "hlsKey%2F", "mkzip/2/url/aHR0cDovL2EuZXhhbXBsZS94P3Rva2VuPWFiYw=="]).SelectMany(lead => ((string[])["/", "\\\\/", "%2F", "/t/1", "_hlsKey/a/t/1", "IGh0dHA6Ly9hYmM/", "IGh0dHA6Ly9h/", ",", "~hmac=", "&amp;", "%22token%22%3A"])
                .Select(repeated => Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,\"items\":[{{\"cmd\":\"{lead}{string.Concat(Enumerable.Repeat(repeated, Size / 16 / repeated.Length))}\",\"code\":0,\"key\":\"k\"}}]}}"))),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":3,\"items\":[{{\"cmd\":\"c\",\"code\":3,\"error\":\"{string.Concat(Enumerable.Repeat("hls\\\\", Size / 5))}\"}}]}}"),
            Encoding.UTF8.GetBytes($"{{\"id\":\"a\",\"code\":0,{string.Join(',', Enumerable.Range(0, Size / 12).Select(i => $"\"{i:x7}\":1"))}}}"),
            .. Expensive(Size / 16),
            Encoding.UTF8.GetBytes(new string('A', Size)),
            Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(Convert.ToBase64String(new byte[Size / 2])))),
        ];
        var run = new Run();
        foreach (var body in bodies)
        {
            var stopwatch = Stopwatch.StartNew();
            run.Play(body, () => $"{Encoding.UTF8.GetString(body.AsSpan(0, 60))}…");

            // Six decoders, ten joins and as many serialisations of 4 MiB: quadratic work would take hours.
            Assert.True(stopwatch.Elapsed < TimeSpan.FromSeconds(60), $"{stopwatch.Elapsed} for {Encoding.UTF8.GetString(body.AsSpan(0, 60))}…");
        }
    }

    [Fact]
    public void A_hint_costs_no_more_than_reading_its_JSON()
    {
        foreach (var body in Expensive(4 * 1000 * 1000))
        {
            var start = Encoding.UTF8.GetString(body.AsSpan(0, 100));
            foreach (var kind in Enum.GetValues<ProviderKind>())
            {
                var (fastest, allocated) = (TimeSpan.MaxValue, long.MaxValue);

                // Other tests run at the same time, so the best of a few tries counts.
                for (var i = 0; i < 5; i++)
                {
                    var (before, stopwatch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
                    var decoded = ProviderKinds.For(kind).Decode(ReportChannel.Notification, body, ReportDetail.Subject);
                    fastest = TimeSpan.FromTicks(Math.Min(fastest.Ticks, stopwatch.Elapsed.Ticks));
                    allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
                    Assert.Equal("z0.a", decoded.Report?.Id);
                }

                Assert.True(allocated <= (long)HintBytesPerByte * body.Length, $"{kind}: {allocated} bytes were allocated for {body.Length}: {start}…");
                Assert.True(fastest < HintTime, $"{kind}: {fastest} for {start}…");
            }
        }
    }

    // The slowest texts for each redaction rule, as bodies of about the given number of bytes.
    private static IEnumerable<byte[]> Expensive(int size)
    {
        yield return Body("cmd", "avthumb/m3u8/hlsKey/a/");
        yield return Body("error", "aHR0cDovL3g6eUBo/");
        yield return Body("error", "%25253A%2F");
        yield return Body("error", "http://u:p@h/?token=x&e=1 ");
        yield return Body("error", "authorization: ");
        yield return Body("error", "{\\\"token\\\":");
        yield return Utf8($"{{\"id\":\"z0.a\",\"code\":3,\"items\":[{string.Join(',', Enumerable.Repeat($"{{\"cmd\":\"avthumb/mp4|saveas/{new string('Q', 280)}\",\"code\":3}}", Math.Min(JsonFields.MaxObjects, size / 330)))}]}}");
        yield return Utf8($"{{\"id\":\"z0.a\",\"code\":3,\"items\":[{{\"cmd\":\"x\",\"code\":0,\"result\":{{{string.Join(',', Enumerable.Range(0, size / 11).Select(i => $"\"{i}\":0"))}}}}}]}}");

        byte[] Body(string field, string repeated) =>
            Utf8($"{{\"id\":\"z0.a\",\"code\":3,\"items\":[{{\"code\":3,\"{field}\":\"{string.Concat(Enumerable.Repeat(repeated, size / repeated.Length))}\"}}]}}");

        static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
    }

    [Fact]
    public void No_registration_makes_its_reader_throw_or_quote_its_input_at_length()
    {
        var settings = FopWatchSettings.Read(new Dictionary<string, string?>
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:NotifyTokens:0"] = "right-token",
        });
        byte[][] registrations =
        [
            """{"source":"media","id":"z0.a","metadata":{"lesson":"42"},"firstPollAfter":"00:05:00"}"""u8.ToArray(),
            """[{"source":"media","id":"z0.a"},{"source":"media","id":"z0.b","firstPollAfter":30,"metadata":{"a":"\ud83d\ude00"}}]"""u8.ToArray(),
        ];
        var firstSeed = Number("FOPWATCH_FUZZ_SEED", Environment.TickCount & 0x3FFFFFFF);
        var count = Number("FOPWATCH_FUZZ_EXECUTIONS", 1_000_000) / 10;
        var right = 0;
        for (var i = 0; i < count; i++)
        {
            var seed = firstSeed + i;
            var body = new Mutator(new(seed), registrations).Next();
            try
            {
                var read = JobRegistrations.Read(body, settings.Sources);
                Assert.True(read.Problems.Count > 0 || read.Registrations.Count > 0);
                Assert.All(read.Registrations, one => Assert.True(JobKey.IsValidId(one.Id)));
                Assert.All(read.Problems, problem => Assert.InRange(problem.Detail.ToString().Length + problem.Element.Length, 1, 1024));
                JsonSerializer.SerializeToUtf8Bytes(
                    new Problem { Type = "", Title = $"", Status = 400, Errors = read.Problems }, ApiJson.Wire.Problem);
                right += read.Problems.Count == 0 ? 1 : 0;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"A registration failed: FOPWATCH_FUZZ_SEED={seed}, {Convert.ToBase64String(body)}", e);
            }
        }

        Figures.Write($"fuzz: {count} registrations, {right} valid, {count - right} refused, 0 threw; seed {firstSeed}");
        Assert.InRange(right, count > 1000 ? 1 : 0, count);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    /// <summary>The work of one thread.</summary>
    private sealed class Run
    {
        private static readonly IReadOnlyList<byte[]> Bodies = Corpus.Bodies(1);
        private static readonly Source[] Sources =
        [
            .. Enum.GetValues<ProviderKind>().Select(kind => new Source
            {
                Name = "media",
                Provider = ProviderKinds.For(kind),
                StatusEndpoint = new("http://127.0.0.1:9"),
                Tokens = new(["right-token"]),
                Keys = new([new("ak", Secret)]),
                Poll = ProviderKinds.For(kind).DefaultPoll,
                Trust = TrustRule.Signature,
            }),
        ];

        private readonly Job[] _jobs = [.. Decoders.Select(decoder => NewJob(decoder.Kind))];

        public long Executions { get; private set; }

        public long Understood { get; private set; }

        public double MostPerByte { get; private set; }

        public void Play(int seed)
        {
            var body = new Mutator(new(seed), Bodies).Next();
            Play(body, () => $"FOPWATCH_FUZZ_SEED={seed} FOPWATCH_FUZZ_EXECUTIONS={Decoders.Length}, body {Convert.ToBase64String(body)}");
        }

        public void Play(byte[] body, Func<string> name)
        {
            for (var i = 0; i < Decoders.Length; i++)
            {
                try
                {
                    Play(i, body);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"{Decoders[i]} failed: {name()}", e);
                }
            }
        }

        private void Play(int decoder, byte[] body)
        {
            var (kind, channel) = Decoders[decoder];
            var provider = ProviderKinds.For(kind);
            Executions++;

            var most = BytesBeside + ((long)BytesPerByte * body.Length) + (BytesPerObject * Math.Min(JsonFields.MaxObjects, body.Length / "{},".Length));
            var (decoded, allocated) = Decode(provider, channel, body);

            // A regular expression builds its tables at its first use, and a stack when more threads than ever use it. The real cost of a body
            // occurs every time.
            if (allocated > most)
                (decoded, allocated) = Decode(provider, channel, body);
            Assert.True(allocated <= most, $"{allocated} bytes were allocated for {body.Length}.");
            if (body.Length >= 1024)
                MostPerByte = Math.Max(MostPerByte, (double)allocated / body.Length);

            Assert.True(decoded.Report is null != decoded.Problem is null);
            var hint = provider.Decode(channel, body, ReportDetail.Subject);
            Assert.Equal(decoded.Problem, hint.Problem);
            Assert.Equal(SubjectOf(decoded.Report), SubjectOf(hint.Report));
            if (decoded.Problem is { } problem)
            {
                // The reason is listed with the quarantine, and logged if the answer to a poll was refused.
                Assert.InRange(problem.Length, 1, 300);
                Assert.DoesNotContain(problem, char.IsControl);
                return;
            }

            Understood++;
            var report = decoded.Report!;
            Assert.True(report.Id is null ? channel == ReportChannel.Poll : JobKey.IsValidId(report.Id));
            Behind(decoder, report);
        }

        private static (string? Id, EquatableList<string>? Buckets, string? Pipeline, bool? IsWorkflow) SubjectOf(JobReport? report) =>
            (report?.Id, report is null ? null : [.. report.Buckets], report?.Facts.Pipeline, report?.IsWorkflow);

        private static (Decoded Decoded, long Allocated) Decode(IProvider provider, ReportChannel channel, byte[] body)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var decoded = provider.Decode(channel, body);
            if (channel == ReportChannel.Poll && decoded.Report is null)
                provider.ErrorStatus(body);
            return (decoded, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        private void Behind(int decoder, JobReport report)
        {
            var before = _jobs[decoder];

            // A few hostile reports are joined into one job before it starts over, so that later ones meet the state left by earlier ones.
            if (before.Version >= 6)
                before = NewJob(Decoders[decoder].Kind);
            var change = before.Apply(report, Now + TimeSpan.FromSeconds(before.Version));
            _jobs[decoder] = change.Job;

            var source = Sources[(int)Decoders[decoder].Kind];
            var answer = new StatusAnswer(PollAnswer.Report, report);
            PollPlan.Answered(source.Poll, change.Job.Watch, change.Job.Watch, change.Job.Facts, answer, Now, 0.5);

            var stored = JobJson.Serialize(change.Job);
            Check(stored);
            Check(JsonSerializer.SerializeToUtf8Bytes(change.Job.ToRecord(), ContractsJson.Wire.JobRecord));
            if (change.ToEvent() is { } published)
            {
                Check(published.Body.Span);
                Assert.NotNull(JsonSerializer.Deserialize(published.Body.Span, ContractsJson.Default.JobEvent));
            }

            // The most expensive operations run for some of them.
            if (Understood % 8 != 0)
                return;
            var again = change.Job.Apply(report, Now + TimeSpan.FromDays(1));
            Assert.Null(again.EventType);
            Assert.Equal(change.Job.Version, again.Job.Version);
            Assert.Equal(stored, JobJson.Serialize(JobJson.Deserialize(stored)));
        }

        /// <summary>A line break would end an event of the stream early; other control characters control terminals.</summary>
        private static void Check(ReadOnlySpan<byte> written)
        {
            Assert.True(written.IndexOfAnyInRange((byte)0, (byte)0x1F) < 0 && !written.Contains((byte)0x7F), "The output contains a control character.");
            Assert.True(System.Text.Unicode.Utf8.IsValid(written));
            Assert.True(written.IndexOf(Encoding.ASCII.GetBytes(Secret)) < 0);
        }

        private static Job NewJob(ProviderKind kind) =>
            Job.New(new("media", "z0.a"), kind, JobOrigin.Registration, Watch.Start(ProviderKinds.For(kind).DefaultPoll, Now), Now);
    }
}
