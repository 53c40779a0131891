namespace FopWatch.Api.Tests;

public sealed class FairTurnsTests
{
    private readonly FairTurns _turns = new(turns: 1, room: 100);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Waiting_owners_take_turns_in_rotation_and_each_in_its_own_order()
    {
        var turn = await TakeAsync("a");
        var order = new List<string>();
        var waiting = new[] { "a1", "a2", "a3", "b1", "b2", "c1" }.Select(async name =>
        {
            using var taken = await TakeAsync(name[..1]);
            order.Add(name);
        }).ToList();

        turn.Dispose();

        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3"], order);
    }

    [Fact]
    public async Task Room_stays_taken_after_its_turn_and_the_next_in_line_waits_for_it()
    {
        var first = await TakeAsync("a", 60);
        var large = TakeAsync("b", 1000);
        var small = TakeAsync("c", 1);
        first.End();
        Assert.False(large.IsCompleted || small.IsCompleted);

        first.Dispose();

        (await large.WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Dispose();
        (await small.WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Dispose();
    }

    [Fact]
    public async Task An_owner_with_too_many_waiting_gets_no_turn_while_another_may_still_wait()
    {
        var turn = await TakeAsync("a");
        var waiting = TakeAsync("a");

        Assert.Null(await _turns.TakeAsync("a", 1, 1, Cancelled));
        Assert.False(TakeAsync("b").IsCompleted);

        turn.Dispose();
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.False(_turns.TakeAsync("a", 1, 1, Cancelled).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_waiter_that_gives_up_blocks_nobody_and_takes_nothing()
    {
        using var givingUp = new CancellationTokenSource();
        var turn = await TakeAsync("a", 60);
        var gone = _turns.TakeAsync("b", 100, 1, givingUp.Token).AsTask();
        var next = TakeAsync("c", 40);
        turn.End();
        Assert.False(next.IsCompleted);

        await givingUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        (await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Dispose();
        turn.Dispose();
        turn.Dispose();
        (await TakeAsync("b", 100).WaitAsync(TimeSpan.FromSeconds(10), Cancelled)).Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _turns.TakeAsync("b", 1, 1, givingUp.Token).AsTask());
    }

    private async Task<FairTurns.Turn> TakeAsync(string owner, int size = 1) => (await _turns.TakeAsync(owner, size, 10, Cancelled))!;
}
