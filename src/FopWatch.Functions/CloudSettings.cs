using Azure.Core;
using Azure.Data.Tables;
using FopWatch.Api;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Clocks;
using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Functions;

/// <summary>What the cloud host is started with: what both hosts share, and where its storage and its Service Bus are.</summary>
internal sealed record CloudSettings
{
    private const string Storage = "AzureWebJobsStorage";
    private const string TablesServiceUri = "Tables:ServiceUri";
    private const string TablesName = "Tables:Name";
    private const string TablesBuckets = "Tables:Buckets";
    private const string BusNamespace = "ServiceBus:Namespace";
    private const string BusConnectionString = "ServiceBus:ConnectionString";
    private const string BusTopic = "ServiceBus:Topic";
    private const string ApiUrlName = "ApiUrl";

    /// <summary>What both hosts share.</summary>
    public required FopWatchSettings Shared { get; init; }

    /// <summary>The storage account's tables.</summary>
    public required TableServiceClient Tables { get; init; }

    /// <summary>Which table, and how.</summary>
    public required TableStoreOptions Table { get; init; }

    /// <summary>The Service Bus; null where none is configured: then events stay in the outbox.</summary>
    public required ServiceBusConnection? ServiceBus { get; init; }

    /// <summary>The topic that events are published to.</summary>
    public required string Topic { get; init; }

    /// <summary>
    /// The URL that applications reach the API under, for links in events. The public URL where none is configured, which may route
    /// notifications only; null if there is neither.
    /// </summary>
    public Uri? ApiUrl { get; init; }

    /// <summary>Where telemetry is exported to by OTLP, in words; null if it is not.</summary>
    public string? Otlp { get; init; }

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The app settings.</param>
    /// <param name="credential">Who the app is. Nothing is asked of it where connection strings are used.</param>
    /// <param name="time">The clock that the storage account's answers set; null for none.</param>
    /// <exception cref="SettingsException">Something is wrong; it names every problem.</exception>
    public static CloudSettings Read(IConfiguration configuration, TokenCredential credential, SteadyTime? time = null)
    {
        // It can be described once it is known to be right.
        return ConfiguredSettings.Read(configuration, ReadOwn) with { Otlp = OtlpSettings.Describe(name => configuration[name]) };

        CloudSettings ReadOwn(SettingsReader reader, FopWatchSettings shared)
        {
            // Also outside of FopWatch's section: the storage account's settings, and where telemetry goes.
            reader.RefuseReferences(configuration.AsEnumerable());
            reader.ProblemOutside(TelemetryExport.Problems(configuration));
            reader.Below("Tables");
            reader.Below("ServiceBus");
            return new()
            {
                Shared = shared,
                Tables = ReadTables(reader, configuration, credential, time)!,
                Table = ReadTable(reader),
                ServiceBus = ReadBus(reader, credential),
                Topic = reader.Text(BusTopic) ?? ServiceBusPublisherOptions.DefaultTopicName,
                ApiUrl = reader.Url(ApiUrlName, shared.PublicUrl, "https://fopwatch.azurewebsites.net"),
            };
        }
    }

    /// <summary>The client of the storage account's tables; null if what is needed for it is missing or wrong, which is a problem then.</summary>
    private static TableServiceClient? ReadTables(SettingsReader reader, IConfiguration configuration, TokenCredential credential, SteadyTime? time)
    {
        // The same names as the Functions host's own connection to its storage account, which is the account to use unless told otherwise.
        const string ServiceUri = $"{Storage}:tableServiceUri";
        const string AccountName = $"{Storage}:accountName";
        const string NoUrl = "is not an https URL, such as https://contoso.table.core.windows.net";
        if (reader.Text(TablesServiceUri) is { } own)
            return Client(own, () => reader.Problem(TablesServiceUri, NoUrl));
        if (configuration[ServiceUri] is { } service)
            return Client(service, () => reader.ProblemOutside($"{ServiceUri} {NoUrl}"));
        if (configuration[AccountName] is { } account)
            return Client($"https://{account}.table.core.windows.net", () => reader.ProblemOutside($"{AccountName} is not the name of a storage account, such as contoso"));

        if (configuration[Storage] is not { Length: > 0 } connectionString)
        {
            reader.Problem(TablesServiceUri, $"is missing: give it, or {Storage} or {Storage}__accountName for an account that is used for all");
            return null;
        }

        try
        {
            return new(connectionString, TableClient(time));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            reader.ProblemOutside($"{Storage} is not a connection string of a storage account");
            return null;
        }

        TableServiceClient? Client(string uri, Action refuse)
        {
            if (Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttps)
                return new(parsed, credential, TableClient(time));
            refuse();
            return null;
        }
    }

    /// <summary>
    /// The SDK would wait 100 seconds for each of four tries: a storage account that takes requests and answers none would hold up
    /// notifications for longer than any provider waits for its answer (providers.md, section 2: a minute).
    /// </summary>
    private static TableClientOptions TableClient(SteadyTime? time)
    {
        var options = new TableClientOptions { Retry = { NetworkTimeout = TimeSpan.FromSeconds(10), MaxRetries = 2, MaxDelay = TimeSpan.FromSeconds(5) } };
        if (time is not null)
            options.AddPolicy(new ServiceTime(time), HttpPipelinePosition.PerRetry);
        return options;
    }

    private static TableStoreOptions ReadTable(SettingsReader reader)
    {
        var options = new TableStoreOptions();
        var name = reader.Text(TablesName) ?? options.TableName;
        if (name.Length is < 3 or > 63 || !char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit))
            reader.Problem(TablesName, "is not 3 to 63 of A-Z a-z 0-9 with a letter first");
        return options with
        {
            TableName = name,
            Buckets = (int)reader.Number(TablesBuckets, options.Buckets, 1, TableStoreOptions.MaxBuckets, whole: true),
        };
    }

    private static ServiceBusConnection? ReadBus(SettingsReader reader, TokenCredential credential)
    {
        var (name, emulator) = (reader.Text(BusNamespace), reader.Text(BusConnectionString));
        if (name is not null && emulator is not null)
        {
            reader.Problem(BusNamespace, $"and {FopWatchSettings.Section}:{BusConnectionString} are both there; the second is only for an emulator");
            return null;
        }

        try
        {
            if (name is not null)
                return ServiceBusConnection.ToNamespace(name, credential);
            return emulator is null ? null : ServiceBusConnection.ToEmulator(emulator);
        }
        catch (ArgumentException)
        {
            // Neither value is repeated: a connection string holds a key, and one may be given as the namespace.
            if (name is not null)
            {
                reader.Problem(BusNamespace, "is not a host name such as contoso.servicebus.windows.net");
            }
            else
            {
                reader.Problem(
                    BusConnectionString,
                    "is not an emulator's connection string with UseDevelopmentEmulator=true; "
                    + $"for a namespace in Azure set {FopWatchSettings.Section}:{BusNamespace}, and the host's identity is used");
            }

            return null;
        }
    }
}
