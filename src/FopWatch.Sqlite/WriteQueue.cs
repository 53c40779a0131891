using System.Threading.Channels;
using System.Threading.Tasks.Sources;
using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// Group commit. One thread writes: it takes all waiting calls, runs them in one transaction, commits, and only then answers them, so that
/// hundreds of callers share one flush to the disk. Because there is only one writer, changes become visible in the order of the calls.
/// </summary>
internal sealed class WriteQueue : IAsyncDisposable
{
    private const int AnsweredTogether = 4;

    private readonly Func<SqliteSession> _open;
    private readonly Func<StoreUnavailableException?> _loss;
    private readonly Action<SqliteException> _failed;
    private readonly Action<SqliteSession> _written;
    private readonly TimeProvider _time;
    private readonly SqliteStoreOptions _options;
    private readonly Channel<Call> _calls;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SqliteSession? _session;
    private volatile bool _lastFailed;

    /// <param name="session">The writable connection.</param>
    /// <param name="open">Reopens the connection after a failure that made it unusable.</param>
    /// <param name="loss">Why the database may not be written to, because it was moved or replaced; null if it is in place.</param>
    /// <param name="failed">Receives failures of the store.</param>
    /// <param name="written">Called between two transactions, after the calls of the previous one are answered.</param>
    /// <param name="time">The clock of <see cref="SqliteStoreOptions.QueueTimeout"/>.</param>
    /// <param name="options">The limits.</param>
    public WriteQueue(SqliteSession session, Func<SqliteSession> open, Func<StoreUnavailableException?> loss, Action<SqliteException> failed, Action<SqliteSession> written, TimeProvider time, SqliteStoreOptions options)
    {
        _session = session;
        _open = open;
        _loss = loss;
        _failed = failed;
        _written = written;
        _time = time;
        _options = options;
        _calls = Channel.CreateBounded<Call>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
        new Thread(Run) { IsBackground = true, Name = "fopwatch writer" }.Start();
    }

    /// <summary>Whether the last transaction failed because the store was unavailable.</summary>
    public bool LastFailed => _lastFailed;

    /// <summary>Runs a change in the next transaction. When it returns, the change is on the disk.</summary>
    /// <param name="change">
    /// The change. It may run more than once, each time in a new transaction without the effects of earlier runs.
    /// </param>
    /// <param name="cancellationToken">Withdraws a waiting call. A call whose transaction has begun is answered when it ends.</param>
    /// <exception cref="StoreUnavailableException">The transaction failed, or the queue stayed full. Nothing was written.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<T> RunAsync<T>(Func<SqliteSession, T> change, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<T>(cancellationToken);
        var call = new Call<T>(change);
        return _calls.Writer.TryWrite(call) ? call.AnswerAsync(cancellationToken) : RunInTurnAsync(call, cancellationToken);
    }

    /// <summary>Finishes the waiting calls and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _calls.Writer.TryComplete();
        await _ended.Task;
    }

    private async ValueTask<T> RunInTurnAsync<T>(Call<T> call, CancellationToken cancellationToken)
    {
        await WaitForPlaceAsync(call, cancellationToken);
        return await call.AnswerAsync(cancellationToken);
    }

    private async ValueTask WaitForPlaceAsync(Call call, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_options.QueueTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _calls.Writer.WriteAsync(call, either.Token);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(SqliteStore));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreUnavailableException("The store is unavailable: too many changes are waiting to be written.");
        }
    }

    private void Run()
    {
        var batch = new List<Call>();
        try
        {
            while (_calls.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                Gather(batch);
                Write(batch);
                batch.Clear();
            }
        }
        finally
        {
            Close();
            _ended.TrySetResult();
        }
    }

    private void Gather(List<Call> batch)
    {
        while (batch.Count < _options.QueueCapacity && _calls.Reader.TryRead(out var call))
        {
            if (call.Take())
                batch.Add(call);
        }
    }

    private void Write(List<Call> batch)
    {
        while (batch.Count > 0 && !TryWrite(batch))
        {
        }
    }

    /// <summary>Runs one transaction and answers the calls.</summary>
    /// <returns>Whether all calls are answered. If not, nothing was written, and the remaining calls must run again.</returns>
    private bool TryWrite(List<Call> batch)
    {
        if (_loss() is { } loss)
        {
            foreach (var call in batch)
                call.Fail(loss);
            return true;
        }

        try
        {
            _session ??= _open();
            _session.Begin();
            foreach (var call in batch)
            {
                try
                {
                    call.Run(_session);
                }
                catch (LogDamagedException damaged)
                {
                    _failed(damaged.Failure);
                    _session.Rollback();
                    return false;
                }
                catch (Exception fault) when (fault is not SqliteException failure || !failure.IsUnavailable())
                {
                    // It must not affect the other calls.
                    _session.Rollback();
                    call.Fail(fault);
                    batch.Remove(call);
                    return false;
                }
            }

            _session.Commit();
            _lastFailed = false;
        }
        catch (Exception exception)
        {
            _lastFailed = true;
            if (exception is SqliteException { } seen)
                _failed(seen);
            var usable = exception is SqliteException sqlite && sqlite.LeavesConnectionUsable();
            if (!usable || !TryRollback())
                Close();

            foreach (var call in batch)
                call.Fail(exception is SqliteException failure ? failure.ToUnavailable() : new StoreUnavailableException("The store failed.", exception));
            return true;
        }

        Succeed(batch);
        _written(_session);
        return true;
    }

    /// <summary>
    /// Answers the calls on pool threads, several on each: waking a thread costs about as much as most callers' continuations.
    /// </summary>
    private static void Succeed(List<Call> batch)
    {
        foreach (var some in batch.Chunk(AnsweredTogether))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static calls =>
                {
                    foreach (var call in calls)
                        call.Succeed();
                },
                some,
                preferLocal: false);
        }
    }

    private bool TryRollback()
    {
        try
        {
            _session?.Rollback();
            return true;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    private void Close()
    {
        _session?.Dispose();
        _session = null;
    }

    private abstract class Call
    {
        private const int Waiting = 0;
        private const int Taken = 1;
        private const int Withdrawn = 2;
        private int _state;

        /// <summary>Claims the call for the writer; false if it was withdrawn.</summary>
        public bool Take() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

        public void Withdraw(CancellationToken cancellationToken)
        {
            if (Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting)
                Cancel(cancellationToken);
        }

        public abstract void Run(SqliteSession session);

        /// <summary>Answers the caller, which continues on this thread.</summary>
        public abstract void Succeed();

        public abstract void Fail(Exception exception);

        protected abstract void Cancel(CancellationToken cancellationToken);
    }

    /// <summary>A call is also its answer, to save an allocation per commit.</summary>
    private sealed class Call<T>(Func<SqliteSession, T> change) : Call, IValueTaskSource<T>
    {
        private ManualResetValueTaskSourceCore<T> _answer = new() { RunContinuationsAsynchronously = true };
        private CancellationTokenRegistration _withdrawal;
        private T? _result;

        /// <summary>The answer. It can be awaited once.</summary>
        public ValueTask<T> AnswerAsync(CancellationToken cancellationToken)
        {
            _withdrawal = cancellationToken.UnsafeRegister(static (state, token) => ((Call)state!).Withdraw(token), this);
            return new(this, _answer.Version);
        }

        public override void Run(SqliteSession session) => _result = change(session);

        public override void Succeed()
        {
            _answer.RunContinuationsAsynchronously = false;
            _answer.SetResult(_result!);
        }

        public override void Fail(Exception exception) => _answer.SetException(exception);

        protected override void Cancel(CancellationToken cancellationToken) => _answer.SetException(new OperationCanceledException(cancellationToken));

        T IValueTaskSource<T>.GetResult(short token)
        {
            _withdrawal.Dispose();
            return _answer.GetResult(token);
        }

        ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _answer.GetStatus(token);

        void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _answer.OnCompleted(continuation, state, token, flags);
    }
}
