using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>
/// The deployments under test: those of both parameter files, and others that together switch every option of main.bicep
/// on and off. Each is evaluated once.
/// </summary>
internal static class Deployments
{
    public const string Development = "development.bicepparam";
    public const string Production = "production.bicepparam";

    /// <summary>The development file as azd uses it: environment variables name the environment and the operator.</summary>
    public const string Azd = "development.bicepparam by azd";

    /// <summary>Required parameters only.</summary>
    public const string Least = "least.bicepparam";

    /// <summary>Every option on, with the longest names.</summary>
    public const string Most = "most.bicepparam";

    /// <summary>The alternative value of every option with several, without a private network.</summary>
    public const string Open = "open.bicepparam";

    /// <summary>A private network and nothing else.</summary>
    public const string Private = "private.bicepparam";

    /// <summary>A private network for storage and the vault, without a Front Door and without Service Bus Premium.</summary>
    public const string Middle = "middle.bicepparam";

    public static readonly IReadOnlyDictionary<string, string> AzdEnvironment = new Dictionary<string, string>
    {
        ["AZURE_ENV_NAME"] = "fopwatch-dev",
        ["AZURE_LOCATION"] = "swedencentral",
        ["AZURE_PRINCIPAL_ID"] = "33333333-3333-3333-3333-333333333333",
        ["AZURE_PRINCIPAL_TYPE"] = "ServicePrincipal",
    };

    /// <summary>Parameter files of the tests, not of infra/.</summary>
    public static readonly IReadOnlyDictionary<string, string> Variants = new Dictionary<string, string>
    {
        [Least] = """
            using 'main.bicep'

            param environmentName = 'x1'
            param location = 'eastus2'
            """,
        [Most] = """
            using 'main.bicep'

            param environmentName = 'twenty-characters-20'
            param location = 'eastus2'
            param resourceGroupName = 'media'
            param tags = { team: 'media' }
            param operator = { principalId: '44444444-4444-4444-4444-444444444444', principalType: 'Group' }
            param apiKeys = [
              { name: 'dashboard', keySecret: 'dashboard-key-1', rights: 'Read' }
              { name: 'lessons', keySecret: 'lessons-key-1', rights: 'Write', sources: ['media', 'vod_2'] }
            ]
            param sources = [
              {
                name: 'media'
                provider: 'WangsuFops'
                statusEndpoint: 'https://mgr.example.com'
                notifyTokenSecrets: ['media-token-1', 'media-token-2']
                keySecrets: [
                  { accessKey: 'media-access-key-1', secretKey: 'media-secret-key-1' }
                  { accessKey: 'media-access-key-2', secretKey: 'media-secret-key-2' }
                ]
                domains: [{ bucket: 'course-video.2026', url: 'https://cdn.example.com/v' }, { bucket: 'covers', url: 'http://covers.example.com' }]
                buckets: ['course-video.2026', 'covers']
                trust: 'Token'
                poll: { first: '00:03:00', factor: '2', max: '00:20:00', deadline: '5.00:00:00', perSecond: '4', plan: 'Fixed', perJob: '3' }
              }
              {
                name: 'vod_2'
                provider: 'WangsuFmgr'
                statusEndpoint: 'https://fmgr.example.com'
                notifyTokenSecrets: ['vod-token-1']
                trust: 'Signature'
              }
              {
                name: 'archive'
                provider: 'Qiniu'
                workflowEndpoint: 'https://workflows.example.com'
                notifyTokenSecrets: ['archive-token-1']
                pipelines: ['1381556928.video', 'audio']
              }
            ]
            param topicName = 'events'
            param subscriptions = [
              { name: 'all', maxDeliveryCount: 3 }
              {
                name: 'some'
                filters: [
                  { kind: 'correlation', label: 'fopwatch.job.progressed', properties: { source: 'media', provider: 'wangsuFops' } }
                  { kind: 'correlation', properties: { settledBy: 'poll', bucket: 'b', pipeline: 'p' } }
                  { kind: 'sql', expression: 'sys.Label = \'fopwatch.job.settled\' AND state <> \'succeeded\'' }
                ]
              }
            ]
            param receivers = [
              { principalId: '55555555-5555-5555-5555-555555555555', principalType: 'ServicePrincipal', subscription: 'all' }
              { principalId: '66666666-6666-6666-6666-666666666666', principalType: 'User', subscription: 'some' }
              { principalId: '66666666-6666-6666-6666-666666666666', principalType: 'User', subscription: 'all' }
            ]
            param duplicateDetectionWindow = 'P7D'
            param messageTimeToLive = 'P1D'
            param publicUrl = 'https://hooks.example.com'
            param maxBodyBytes = 65536
            param tableName = 'jobs'
            param buckets = 256
            param retention = '365.00:00:00'
            param separateJobsStorage = true
            param storageSku = 'Standard_GZRS'
            param instanceMemoryMB = 4096
            param maximumInstanceCount = 1000
            param alwaysReady = [
              { name: 'http', instanceCount: 2 }
              { name: 'durable', instanceCount: 2 }
              { name: 'function:SweepOutbox', instanceCount: 1 }
            ]
            param zoneRedundant = true
            param serviceBusCapacity = 16
            param logRetentionDays = 730
            param logDailyQuotaGb = 5
            param alertEmails = ['one@example.com', 'two@example.com']
            param alertOutboxAgeSeconds = 900
            param alertFailedPollsPercent = 20
            param alertQuarantinedPerHour = 50
            param privateNetworking = true
            param addressPrefix = '10.1.0.0/16'
            param operatorIpRanges = ['198.51.100.0/24', '203.0.113.1/32']
            param apiUrl = 'https://api.example.com'
            param httpConcurrency = 128
            param updateStrategy = 'RollingUpdate'
            param notificationsPerMinute = 6000
            param frontDoorDomain = 'hooks.example.com'
            param deleteLocks = true
            param budget = { amount: 500, from: '2026-12-01' }
            """,
        [Open] = """
            using 'main.bicep'

            param environmentName = 'open'
            param location = 'westeurope'
            param operator = { principalId: '44444444-4444-4444-4444-444444444444', principalType: 'User' }
            param sources = [{ name: 'media', provider: 'Qiniu', notifyTokenSecrets: ['media-token-1'], poll: { perSecond: '0.5' } }]
            param subscriptions = [{ name: 'all' }]
            param receivers = [{ principalId: '55555555-5555-5555-5555-555555555555', principalType: 'Group', subscription: 'all' }]
            param duplicateDetectionWindow = 'PT1H'
            param publicUrl = 'https://hooks.example.com'
            param separateJobsStorage = true
            param storageSku = 'Standard_GRS'
            param instanceMemoryMB = 512
            param serviceBusSku = 'Premium'
            param serviceBusCapacity = 2
            param operatorIpRanges = ['198.51.100.0/24']
            param alertEmails = ['one@example.com']
            param alertsEnabled = false
            """,
        [Private] = """
            using 'main.bicep'

            param environmentName = 'inside'
            param location = 'eastus2'
            param sources = [{ name: 'media', provider: 'Qiniu', notifyTokenSecrets: ['media-token-1'] }]
            param privateNetworking = true
            """,
        [Middle] = """
            using 'main.bicep'

            param environmentName = 'middle'
            param location = 'eastus2'
            param sources = [{ name: 'media', provider: 'Qiniu', notifyTokenSecrets: ['media-token-1'] }]
            param separateJobsStorage = true
            param privateNetworking = true
            param privateServiceBus = false
            param frontDoor = false
            param operatorIpRanges = ['198.51.100.0/24']
            """,
    };

    private static readonly ConcurrentDictionary<string, Lazy<Task<Deployment>>> Evaluated = new();

    private static readonly Lazy<Task<JsonObject>> BuiltTemplate = new(async () =>
    {
        using var compiler = new Compiler();
        return await compiler.BuildAsync("main.bicep");
    });

    public static TheoryData<string> All => [Development, Production, Azd, .. Variants.Keys];

    /// <summary>main.bicep as Azure receives it: parameters with their defaults and ranges, definitions, outputs.</summary>
    public static Task<JsonObject> TemplateAsync => BuiltTemplate.Value;

    public static Task<Deployment> OfAsync(string name) => Evaluated.GetOrAdd(name, one => new(() => EvaluateAsync(one))).Value;

    public static async Task<IReadOnlyList<Deployment>> EveryAsync() => await Task.WhenAll(All.Select(row => OfAsync(row.Data)));

    private static async Task<Deployment> EvaluateAsync(string name)
    {
        using var compiler = new Compiler();
        if (Variants.TryGetValue(name, out var parameters))
            compiler.With(name, parameters);
        return await compiler.DeployAsync(name.Split(' ')[0], environment: name == Azd ? AzdEnvironment : null);
    }
}
