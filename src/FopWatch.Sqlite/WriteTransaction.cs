namespace FopWatch.Sqlite;

/// <summary>The transaction that is open on the writer's connection. What belongs to one that is rolled back is dropped with it.</summary>
internal sealed class WriteTransaction
{
    private readonly HashSet<Action<SqliteSession>> _beforeCommit = [];
    private readonly HashSet<Action> _afterCommit = [];
    private Action<SqliteSession>? _atLast;

    /// <summary>Does something at the end of the transaction; an action that is added again is done once.</summary>
    public void BeforeCommit(Action<SqliteSession> action) => _beforeCommit.Add(action);

    /// <summary>Does something after all that <see cref="BeforeCommit"/> was given.</summary>
    public void AtLast(Action<SqliteSession> action) => _atLast = action;

    /// <summary>Does something once the transaction is committed, before any of its callers is answered; an action that is added again is done once.</summary>
    /// <param name="action">What to do, in no time and without failing.</param>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <summary>Commits.</summary>
    public void Commit(SqliteSession session)
    {
        foreach (var action in _beforeCommit)
            action(session);
        _atLast?.Invoke(session);
        session.Execute("COMMIT");
        foreach (var action in _afterCommit)
            action();
    }
}
