namespace FopWatch.Running;

/// <summary>Processes many items with limited concurrency.</summary>
public static class BoundedWork
{
    /// <summary>Calls a body for each item, in order, at most <paramref name="most"/> at once. Returns when all have ended. After a failure no further call starts.</summary>
    /// <remarks>Unlike <see cref="Parallel"/> it starts work through a scheduler, so that tests can drive it.</remarks>
    public static async Task ForEachAsync<T>(
        IWorkScheduler work, IAsyncEnumerable<T> items, int most, Func<T, CancellationToken, Task> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(items);
        var state = new Turns(most);
        try
        {
            await foreach (var item in items.WithCancellation(cancellationToken))
            {
                await state.BeginAsync();
                if (state.Failure is not null)
                {
                    state.End(null);
                    break;
                }

                work.Start(async () =>
                {
                    Exception? failure = null;
                    try
                    {
                        await body(item, cancellationToken);
                    }
                    catch (Exception e)
                    {
                        failure = e;
                    }

                    state.End(failure);
                });
            }
        }
        finally
        {
            await state.AllEndedAsync();
        }

        if (state.Failure is { } failed)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed);
    }

    private sealed class Turns(int most)
    {
        private readonly Lock _lock = new();
        private int _running;
        private Exception? _failure;
        private TaskCompletionSource? _oneEnded;

        public Exception? Failure
        {
            get
            {
                lock (_lock)
                    return _failure;
            }
        }

        /// <summary>Waits for a turn. Only one caller may wait at a time.</summary>
        public Task BeginAsync() => UntilAsync(() => _running < most, () => _running++);

        public Task AllEndedAsync() => UntilAsync(() => _running == 0, () => { });

        public void End(Exception? failure)
        {
            TaskCompletionSource? ended;
            lock (_lock)
            {
                _running--;
                _failure ??= failure;
                (ended, _oneEnded) = (_oneEnded, null);
            }

            ended?.TrySetResult();
        }

        private async Task UntilAsync(Func<bool> isTurn, Action take)
        {
            while (true)
            {
                Task ended;
                lock (_lock)
                {
                    if (isTurn())
                    {
                        take();
                        return;
                    }

                    ended = (_oneEnded ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                }

                await ended;
            }
        }
    }
}
