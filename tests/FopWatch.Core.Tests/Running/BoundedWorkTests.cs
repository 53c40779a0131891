using System.Runtime.CompilerServices;
using FopWatch.Running;

namespace FopWatch.Core.Tests.Running;

public class BoundedWorkTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_given_number_runs_at_once_and_each_that_ends_makes_room_for_the_next()
    {
        var bodies = Enumerable.Range(0, 5).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        var begun = new SemaphoreSlim(0);
        var order = new List<int>();
        var all = BoundedWork.ForEachAsync(new ThreadPoolWork(), Items(5, null, Cancelled), 2, Body, Cancelled);

        await BegunAsync(2);
        Assert.False(await begun.WaitAsync(50, Cancelled));
        for (var i = 0; i < 5; i++)
        {
            Assert.False(all.IsCompleted);
            bodies[i].SetResult();
            if (i < 3)
                await BegunAsync(1);
        }

        await all.WaitAsync(Long, Cancelled);
        Assert.Equal([0, 1, 2, 3, 4], order.Order());

        async Task Body(int item, CancellationToken cancellationToken)
        {
            lock (order)
                order.Add(item);
            begun.Release();
            await bodies[item].Task;
        }

        async Task BegunAsync(int count)
        {
            for (var i = 0; i < count; i++)
                Assert.True(await begun.WaitAsync(Long, Cancelled));
        }
    }

    [Fact]
    public async Task After_a_failure_none_is_started_and_running_ones_end_before_it_is_thrown()
    {
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (begun, failure) = (0, new InvalidOperationException("first"));
        var all = BoundedWork.ForEachAsync(
            new ThreadPoolWork(),
            Items(10, null, Cancelled),
            2,
            async (item, _) =>
            {
                Interlocked.Increment(ref begun);
                if (item == 1)
                    throw failure;
                await last.Task;
                throw new InvalidOperationException("second");
            },
            Cancelled);

        await Task.Delay(50, Cancelled);
        Assert.False(all.IsCompleted);
        last.SetResult();

        Assert.Same(failure, await Assert.ThrowsAsync<InvalidOperationException>(() => all.WaitAsync(Long, Cancelled)));
        Assert.Equal(2, begun);
    }

    [Fact]
    public async Task A_failure_to_read_items_is_thrown_once_running_ones_have_ended()
    {
        var (last, ended) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), false);
        var all = BoundedWork.ForEachAsync(
            new ThreadPoolWork(),
            Items(1, new IOException(), Cancelled),
            2,
            async (_, _) =>
            {
                await last.Task;
                Volatile.Write(ref ended, true);
            },
            Cancelled);

        await Task.Delay(50, Cancelled);
        Assert.False(all.IsCompleted);
        last.SetResult();

        await Assert.ThrowsAsync<IOException>(() => all.WaitAsync(Long, Cancelled));
        Assert.True(ended);
    }

    [Fact]
    public async Task Each_body_gets_the_callers_token()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var all = BoundedWork.ForEachAsync(
            new ThreadPoolWork(), Items(3, null, Cancelled), 3, (_, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all.WaitAsync(Long, Cancelled));
    }

    private static async IAsyncEnumerable<int> Items(
        int count, Exception? failure, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return i;
        }

        if (failure is not null)
            throw failure;
    }
}
