using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FopWatch.Contracts;
using FopWatch.Local.Tests.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Client.Tests;

/// <summary>Checks that the samples of the package's README are in these files and work as the README says.</summary>
public sealed partial class ReadmeTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_sample_in_CSharp_is_compiled_here()
    {
        using var readme = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream("README.md")!);
        var blocks = Sample().Matches(readme.ReadToEnd().ReplaceLineEndings("\n")).Select(match => Normal(match.Groups[1].Value)).ToList();
        var sources = string.Join('\n', Directory.EnumerateFiles(Folder(), "*.cs").Select(file => Normal(File.ReadAllText(file))));

        // ClientPageTests compiles the first one.
        Assert.Equal(4, blocks.Count);
        Assert.All(blocks.Skip(1), block => Assert.Contains(block, sources, StringComparison.Ordinal));
    }

    [Fact(Timeout = 180_000)]
    public async Task Jobs_in_the_applications_outbox_are_registered_despite_a_crash_and_an_outage_of_the_host()
    {
        await using var host = await RunningHost.StartAsync();
        var url = host.Host.Url;
        await host.StopAsync();
        using var folder = new TempFolder();
        var database = $"Data Source={Path.Combine(folder.FullName, "application.db")};Pooling=False";
        Execute(database, "CREATE TABLE lessons (name TEXT); CREATE TABLE outbox (source TEXT, id TEXT, lesson TEXT, error TEXT, PRIMARY KEY (source, id))");

        using (var first = Application(url, database))
        {
            await first.StartAsync(Cancelled);
            Publish(database, "z0.1", commits: true);
            Publish(database, "z0.2", commits: false);
            Publish(database, "not an id", commits: true);
            await Task.Delay(200, Cancelled);
            await first.StopAsync(Cancelled);
        }

        Assert.Equal(2L, Execute(database, "SELECT count(*) FROM outbox"));
        using var second = Application(url, database);
        await second.StartAsync(Cancelled);
        Publish(database, "z0.3", commits: true);
        await host.RestartAsync(url: url);

        await Eventually.HoldsAsync(() => (long)Execute(database, "SELECT count(*) FROM outbox WHERE error IS NULL")! == 0);
        await second.StopAsync(Cancelled);
        using var client = HostTests.ClientOf(host);
        var ids = new List<string>();
        await foreach (var job in client.ListAsync(cancellationToken: Cancelled))
            ids.Add($"{job.Id} {job.Metadata!["lesson"]}");
        Assert.Equal(["z0.1 of z0.1", "z0.3 of z0.3"], ids.Order(StringComparer.Ordinal));
        Assert.Contains("'id' is not", (string)Execute(database, "SELECT error FROM outbox")!, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Outcomes_are_processed_once_with_the_cursor_in_the_same_transaction()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = HostTests.ClientOf(host);
        using var folder = new TempFolder();
        var database = $"Data Source={Path.Combine(folder.FullName, "application.db")};Pooling=False";
        Execute(database, "CREATE TABLE jobs (source TEXT, id TEXT, version INTEGER, state TEXT, PRIMARY KEY (source, id)); CREATE TABLE cursor (value TEXT)");
        for (var n = 0; n < 3; n++)
        {
            using var answer = await host.NotifyAsync("media", $$"""{"id":"z0.{{n}}","code":0,"desc":"","items":[{"cmd":"avthumb/mp4","code":0,"desc":"","key":"out.mp4","hash":"h"}]}""");
        }

        await UntilAsync(3);
        using (var answer = await host.NotifyAsync("media", """{"id":"z0.3","code":0,"desc":"","items":[{"cmd":"avthumb/mp4","code":0,"desc":"","key":"out.mp4","hash":"h"}]}"""))
        {
        }

        await UntilAsync(4);
        Assert.NotNull(Execute(database, "SELECT value FROM cursor"));

        async Task UntilAsync(long count)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            var following = FollowAsync(client, database, stop.Token);
            await Eventually.HoldsAsync(() => (long)Execute(database, "SELECT count(*) FROM jobs WHERE state = 'succeeded'")! == count);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_is_registered_and_awaited()
    {
        await using var host = await RunningHost.StartAsync();
        using (await host.NotifyAsync("media", """{"id":"z0.560e99c37823de5a49c22393","code":0,"desc":"","items":[{"cmd":"avthumb/mp4","code":0,"desc":"","key":"out.mp4","hash":"h"}]}"""))
        {
        }

        Assert.Equal(JobState.Succeeded, await RegisterAndWaitAsync(host.Host.Url, Cancelled));
    }

    private static async Task<JobState> RegisterAndWaitAsync(Uri url, CancellationToken cancellationToken)
    {
        using var fopWatch = new FopWatchClient(new() { Url = url });
        await fopWatch.RegisterAsync(new() { Source = "media", Id = "z0.560e99c37823de5a49c22393" }, cancellationToken);
        var job = await fopWatch.WaitAsync("media", "z0.560e99c37823de5a49c22393", cancellationToken);
        return job.State;
    }

    private static async Task FollowAsync(FopWatchClient fopWatch, string database, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(database);
        await connection.OpenAsync(cancellationToken);
        await using var read = connection.CreateCommand();
        read.CommandText = "SELECT value FROM cursor";
        var cursor = (string?)await read.ExecuteScalarAsync(cancellationToken) ?? "0";
        await foreach (var item in fopWatch.EventsAsync(cursor, cancellationToken: cancellationToken))
        {
            await using var transaction = connection.BeginTransaction();
            if (item is EventReceived { Event.Data: var job })
            {
                Execute(
                    transaction,
                    """
                    INSERT INTO jobs (source, id, version, state) VALUES (@a, @b, @c, @d)
                    ON CONFLICT (source, id) DO UPDATE SET version = excluded.version, state = excluded.state WHERE excluded.version > version
                    """,
                    job.Source, job.Id, job.Version, WireNames.Of(job.State));
            }

            if (item is EventsPurged)
            {
                // Events that were not received are deleted: read the list of jobs with ListAsync.
            }

            if (item.Cursor is not null)
                Execute(transaction, "DELETE FROM cursor; INSERT INTO cursor VALUES (@a)", item.Cursor);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private static void Execute(SqliteTransaction transaction, string sql, params object[] values)
    {
        using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        foreach (var (index, value) in values.Index())
            command.Parameters.AddWithValue($"@{(char)('a' + index)}", value);
        command.ExecuteNonQuery();
    }

    private static object? Execute(string database, string sql)
    {
        using var connection = new SqliteConnection(database);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>What the application does after an upload.</summary>
    private static void Publish(string database, string id, bool commits)
    {
        using var connection = new SqliteConnection(database);
        connection.Open();
        using var transaction = connection.BeginTransaction();
        using var lesson = connection.CreateCommand();
        lesson.Transaction = transaction;
        lesson.CommandText = "INSERT INTO lessons VALUES ('one')";
        lesson.ExecuteNonQuery();
        RegistrationOutbox.Add(transaction, "media", id, $"of {id}");
        if (commits)
            transaction.Commit();
    }

    private static IHost Application(Uri url, string database)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddFopWatchClient(options =>
        {
            options.Url = url;
            options.RetryFor = TimeSpan.FromSeconds(10);
        });
        builder.Services.AddHostedService(services => new RegistrationOutbox(services.GetRequiredService<IFopWatchClient>(), database));
        return builder.Build();
    }

    /// <summary>Removes indentation and empty lines.</summary>
    private static string Normal(string code) => string.Join('\n', code.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Sample();
}
