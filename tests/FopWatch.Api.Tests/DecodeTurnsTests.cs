namespace FopWatch.Api.Tests;

public sealed class DecodeTurnsTests : IDisposable
{
    private readonly DecodeTurns _turns = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _turns.Dispose();

    [Fact]
    public async Task A_turn_is_free_again_once_decoded_while_the_request_is_not_answered_yet()
    {
        for (var i = 0; i <= 2 * Environment.ProcessorCount; i++)
            Assert.Equal(i, (await _turns.DecodeAsync(DecodeTurns.LargeBody + 1, () => i, Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Value);
    }

    [Fact]
    public async Task As_many_large_bodies_are_decoded_at_once_as_there_are_processors_and_the_next_waits()
    {
        using var go = new SemaphoreSlim(0);
        using var begun = new CountdownEvent(Environment.ProcessorCount);
        var decoding = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(() => _turns.DecodeAsync(
            DecodeTurns.LargeBody + 1,
            () =>
            {
                begun.Signal();
                go.Wait(Cancelled);
                return 0;
            },
            Cancelled).AsTask())).ToList();
        begun.Wait(Cancelled);
        var next = _turns.DecodeAsync(DecodeTurns.LargeBody + 1, () => 1, Cancelled).AsTask();
        Assert.False(next.IsCompleted);
        Assert.Equal(2, (await _turns.DecodeAsync(DecodeTurns.LargeBody, () => 2, Cancelled)).Value);

        go.Release(Environment.ProcessorCount);

        Assert.Equal(1, (await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Value);
        await Task.WhenAll(decoding);
    }

    [Fact]
    public async Task What_is_decoded_and_not_answered_is_bounded_in_bytes_and_one_body_may_be_larger()
    {
        var first = await _turns.DecodeAsync(DecodeTurns.DecodedBytes / 2, () => 1, Cancelled);
        var second = await _turns.DecodeAsync(DecodeTurns.DecodedBytes / 2, () => 2, Cancelled);
        var last = _turns.DecodeAsync(2 * DecodeTurns.DecodedBytes, () => 3, Cancelled).AsTask();
        Assert.False(last.IsCompleted);

        first.Dispose();
        Assert.False(last.IsCompleted);
        second.Dispose();

        Assert.Equal(3, (await last.WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Value);
    }

    [Fact]
    public async Task A_body_that_cannot_be_decoded_leaves_its_room()
    {
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<FormatException>(() => _turns.DecodeAsync<int>(
                DecodeTurns.DecodedBytes, () => throw new FormatException(), Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
        }
    }
}
