using FopWatch.Local.Hosting;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.Http;

public class HeldBatchesTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _clock = new(Sample.Start);
    private readonly HeldBatches _held;

    public HeldBatchesTests() => _held = new(100, Grace, _clock);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_waits_for_room_until_another_follower_has_taken_its_batch()
    {
        var first = await _held.HoldAsync(60, Cancelled);
        using var second = await _held.HoldAsync(40, Cancelled);
        var third = _held.HoldAsync(60, Cancelled).AsTask();
        Assert.False(third.IsCompleted);

        first.Dispose();
        first.Dispose();

        using var held = await third.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.False(_held.HoldAsync(1, Cancelled).AsTask().IsCompleted);
        Assert.False(first.Revoked.IsCancellationRequested || second.Revoked.IsCancellationRequested);
    }

    [Fact]
    public async Task After_the_grace_the_oldest_batch_loses_its_room_but_only_if_another_follower_needs_it()
    {
        var first = await _held.HoldAsync(50, Cancelled);
        _clock.Advance(TimeSpan.FromSeconds(3));
        var second = await _held.HoldAsync(50, Cancelled);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.False(first.Revoked.IsCancellationRequested);

        using var third = await _held.HoldAsync(50, Cancelled);
        Assert.Equal((true, false), (first.Revoked.IsCancellationRequested, second.Revoked.IsCancellationRequested));
    }

    [Fact]
    public async Task A_batch_without_room_waits_no_longer_than_the_grace_of_the_oldest()
    {
        var first = await _held.HoldAsync(100, Cancelled);
        var next = _held.HoldAsync(100, Cancelled).AsTask();
        _clock.Advance(Grace - TimeSpan.FromMilliseconds(1));
        Assert.False(next.IsCompleted);

        _clock.Advance(TimeSpan.FromMilliseconds(1));

        using var held = await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.True(first.Revoked.IsCancellationRequested);
    }

    [Fact]
    public async Task A_batch_larger_than_all_the_room_is_held_alone()
    {
        var large = await _held.HoldAsync(1000, Cancelled);
        var next = _held.HoldAsync(1, Cancelled).AsTask();
        Assert.False(next.IsCompleted);

        large.Dispose();

        (await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Dispose();
        (await _held.HoldAsync(1000, Cancelled)).Dispose();
    }

    [Fact]
    public async Task Waiting_for_room_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        using var held = await _held.HoldAsync(100, Cancelled);
        var next = _held.HoldAsync(1, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }
}
