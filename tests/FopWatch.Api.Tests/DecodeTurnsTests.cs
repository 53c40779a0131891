using FopWatch.Intake;
using FopWatch.Providers;

namespace FopWatch.Api.Tests;

public sealed class DecodeTurnsTests
{
    private readonly DecodeTurns _turns = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_turn_is_released_after_decoding_before_the_request_is_answered()
    {
        for (var i = 0; i <= 2 * Environment.ProcessorCount; i++)
            (await SoonAsync(EnterAsync("media", DecodeTurns.LargeBody + 1)))!.Decoded();
    }

    [Fact]
    public async Task As_many_large_bodies_are_decoded_at_once_as_there_are_processors()
    {
        var turns = await TakeProcessorsAsync("media");
        var next = EnterAsync("media", DecodeTurns.LargeBody + 1);
        Assert.False(next.IsCompleted);
        Assert.Null(await EnterAsync("media", DecodeTurns.LargeBody));

        turns[0].Dispose();

        Assert.NotNull(await SoonAsync(next));
    }

    [Fact]
    public async Task Decoded_but_unrecorded_bodies_are_limited_in_bytes_with_room_for_one_larger_body()
    {
        var first = await EnterAsync("media", DecodeTurns.DecodedBytes / 2);
        first!.Decoded();
        var second = await EnterAsync("media", DecodeTurns.DecodedBytes / 2);
        second!.Decoded();
        var last = EnterAsync("media", 2 * DecodeTurns.DecodedBytes);
        Assert.False(last.IsCompleted);

        first.Dispose();
        Assert.False(last.IsCompleted);
        second.Dispose();

        Assert.NotNull(await SoonAsync(last));
    }

    [Fact]
    public async Task Waiting_bodies_of_one_source_let_those_of_another_source_registrations_and_polls_go_first()
    {
        var turns = await TakeProcessorsAsync("media");
        var waiting = Enumerable.Range(0, DecodeTurns.Waiting).Select(_ => EnterAsync("media", DecodeTurns.LargeBody + 1)).ToList();
        await Assert.ThrowsAsync<IntakeFullException>(() => EnterAsync("media", DecodeTurns.LargeBody + 1));
        List<Task<IDecodeTurn?>> others =
        [
            EnterAsync("second", DecodeTurns.LargeBody + 1),
            EnterAsync(BodyMemory.Callers, DecodeTurns.LargeBody + 1),
            _turns.WaitAsync("media", DecodeTurns.LargeBody + 1, Cancelled).AsTask(),
        ];

        // The body that was already next goes first.
        turns[0].Dispose();
        (await SoonAsync(waiting[0]))!.Dispose();
        foreach (var other in others)
            (await SoonAsync(other))!.Dispose();

        await SoonAsync(waiting[1]);
        Assert.False(waiting[^1].IsCompleted);
    }

    private static Task<IDecodeTurn?> SoonAsync(Task<IDecodeTurn?> turn) => turn.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);

    private Task<IDecodeTurn?> EnterAsync(string owner, int bytes) => _turns.EnterAsync(owner, bytes, Cancelled).AsTask();

    private async Task<List<IDecodeTurn>> TakeProcessorsAsync(string owner)
    {
        var turns = new List<IDecodeTurn>();
        for (var i = 0; i < Environment.ProcessorCount; i++)
            turns.Add((await EnterAsync(owner, DecodeTurns.LargeBody + 1))!);
        return turns;
    }
}
