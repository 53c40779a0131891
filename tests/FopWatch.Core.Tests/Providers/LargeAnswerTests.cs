using FopWatch.Core.Tests.PollLimits;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Answers that take much memory.</summary>
public sealed class LargeAnswerTests : IDisposable
{
    private readonly HttpClient _http = StatusClient.CreateHttp();
    private readonly Turns _turns = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_report_keeps_its_turn_until_the_caller_has_recorded_it()
    {
        await using var server = new LoopbackServer(_ => LoopbackServer.Reply.Of(200, Large("z0.a")));
        var client = new StatusClient(_http, TimeProvider.System, turns: _turns);

        var answer = await client.AskAsync(At(server, "media"), "z0.a", false, Cancelled);

        Assert.Equal((PollAnswer.Report, true, false), (answer.Answer, _turns.IsDecoded, _turns.IsEnded));
        Assert.Equal(Large("z0.a").Length, _turns.Bytes);
        answer.Turn!.Dispose();
        Assert.True(_turns.IsEnded);
    }

    [Theory]
    [InlineData("another id")]
    [InlineData("not JSON")]
    public async Task The_turn_of_an_answer_without_a_report_ends_with_the_query(string what)
    {
        await using var server = new LoopbackServer(_ => LoopbackServer.Reply.Of(200, what == "not JSON" ? new string('x', 100_000) : Large("z0.b")));
        var client = new StatusClient(_http, TimeProvider.System, turns: _turns);

        var answer = await client.AskAsync(At(server, "media"), "z0.a", false, Cancelled);

        Assert.Equal((PollAnswer.Refused, null, true), (answer.Answer, answer.Turn, _turns.IsEnded));
    }

    [Fact]
    public async Task Endless_large_answers_of_one_source_do_not_prevent_others_from_reading_theirs()
    {
        // 16 times more than may be read at once. Each has sent so much that it needs a turn.
        await using var dribbling = new LoopbackServer(_ => LoopbackServer.Reply.Cut(Large("z0.a"), thenHang: true));
        await using var other = new LoopbackServer(_ => LoopbackServer.Reply.Of(200, Large("z0.a")));
        var client = new StatusClient(_http, TimeProvider.System);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var hanging = Enumerable.Range(0, 16 * AnswerRoom.Most).Select(_ => client.AskAsync(At(dribbling, "slow"), "z0.a", false, end.Token)).ToList();
        foreach (var _ in hanging)
            await dribbling.UntilAnsweredAsync(Cancelled);

        for (var i = 0; i < 10; i++)
            Assert.Equal(PollAnswer.Report, (await client.AskAsync(At(other, "media"), "z0.a", false, Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled)).Answer);

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(hanging));
    }

    [Fact]
    public async Task The_time_that_a_large_answer_waits_for_others_of_its_source_does_not_count()
    {
        var asked = 0;
        await using var server = new LoopbackServer(_ => Interlocked.Increment(ref asked) <= AnswerRoom.MostPerSource
            ? LoopbackServer.Reply.Cut(Large("z0.a"), thenHang: true)
            : LoopbackServer.Reply.Of(200, Large("z0.a")));
        var client = new StatusClient(_http, TimeProvider.System, new() { Timeout = TimeSpan.FromSeconds(3) });
        var first = Enumerable.Range(0, AnswerRoom.MostPerSource).Select(_ => client.AskAsync(At(server, "media"), "z0.a", false, Cancelled)).ToList();
        foreach (var _ in first)
            await server.UntilAnsweredAsync(Cancelled);
        await Task.Delay(1000, Cancelled);

        // It waits for two seconds, and again for three: longer than an answer may take.
        var further = Enumerable.Range(0, 1).Select(_ => client.AskAsync(At(server, "media"), "z0.a", false, Cancelled)).ToList();

        Assert.All(await Task.WhenAll(first), answer => Assert.Equal(PollAnswer.Unavailable, answer.Answer));
        Assert.All(await Task.WhenAll(further), answer => Assert.Equal(PollAnswer.Report, answer.Answer));
    }

    private static string Large(string id) => $$"""{"id":"{{id}}","code":0,"items":[{"cmd":"x","code":0,"key":"k"}],"padding":"{{new string('x', 4 * AnswerRoom.Ordinary)}}"}""";

    private static Source At(LoopbackServer server, string name) => PollPacerTests.Source(name, 10_000) with { StatusEndpoint = server.Url };

    private sealed class Turns : IDecodeTurns, IDecodeTurn
    {
        public int Bytes { get; private set; }

        public bool IsDecoded { get; private set; }

        public bool IsEnded { get; private set; }

        public ValueTask<IDecodeTurn?> WaitAsync(string source, int bytes, CancellationToken cancellationToken)
        {
            Bytes = bytes;
            return new(this);
        }

        public void Decoded() => IsDecoded = true;

        public void Dispose() => IsEnded = true;
    }
}
