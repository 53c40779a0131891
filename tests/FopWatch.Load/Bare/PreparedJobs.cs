using System.Text;
using FopWatch.Jobs;
using FopWatch.Load.Generating;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Sqlite;

namespace FopWatch.Load.Bare;

/// <summary>
/// The store of the embedded host without the work before it: the first notification is decoded and decided, and every request commits its job and its
/// event again, under the id of the request. No share above this one is possible without a cheaper store.
/// </summary>
internal sealed class PreparedJobs(string folder) : IBodyTable
{
    private readonly Source _source = new()
    {
        Name = HttpRequests.Source,
        Provider = ProviderKinds.For(Contracts.ProviderKind.Qiniu),
        StatusEndpoint = new("http://127.0.0.1:9"),
        Tokens = new([HttpRequests.Token]),
        Keys = new([]),
        Poll = ProviderKinds.For(Contracts.ProviderKind.Qiniu).DefaultPoll,
    };

    private readonly SqliteStore _store = SqliteStore.OpenAsync(folder, TimeProvider.System, new() { IsBroker = true }).GetAwaiter().GetResult();
    private volatile Prepared? _prepared;

    public async Task InsertAsync(byte[] body)
    {
        var (job, settled, position) = _prepared ?? Prepare(body);
        var id = Encoding.ASCII.GetString(body, position, JobIds.Length);
        var key = job.Key with { Id = id };
        var commit = new JobCommit(job with { Key = key }, null, settled with { Id = JobEvents.IdOf(key, job.RegisteredAt, settled.Version), Key = key });
        if (await _store.Jobs.CommitAsync(commit, CancellationToken.None) is null)
            throw new InvalidOperationException($"Job {id} exists already.");
    }

    public void Dispose() => _store.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private Prepared Prepare(byte[] body)
    {
        var report = _source.Provider.Decode(ReportChannel.Notification, body).Report ?? throw new InvalidOperationException("The body cannot be decoded.");
        var key = new JobKey(_source.Name, report.Id!);
        var change = JobDecider.Decide(key, null, new DecisionInput.Report(report, null), _source, TimeProvider.System.GetUtcNow())!;
        return _prepared = new(change.Job, change.ToEvent(_source.Domains)!, body.AsSpan().IndexOf(Encoding.ASCII.GetBytes(key.Id)));
    }

    private sealed record Prepared(Job Job, OutboxEvent Settled, int IdPosition);
}
