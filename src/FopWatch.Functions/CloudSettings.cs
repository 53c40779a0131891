using System.Globalization;
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

    private static readonly string[] Own =
        ["Tables", TablesServiceUri, TablesName, TablesBuckets, "ServiceBus", BusNamespace, BusConnectionString, BusTopic, ApiUrlName];

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
        var section = configuration.GetSection(FopWatchSettings.Section);
        var problems = new List<string>();
        FopWatchSettings? shared = null;
        try
        {
            shared = FopWatchSettings.Read(WrittenSettings.Of(configuration), Own);
        }
        catch (SettingsException e)
        {
            problems.AddRange(e.Problems);
        }

        var tables = ReadTables(configuration, section, credential, time, problems);
        var table = ReadTable(section, problems);
        var bus = ReadBus(section, credential, problems);
        var apiUrl = ReadApiUrl(section, problems);

        if (section.Value is not null)
            problems.Insert(0, $"{FopWatchSettings.Section} is a single value: it takes a map from names to settings");
        problems.AddRange(OtlpSettings.Problems(name => configuration[name]));
        problems.AddRange(TelemetryExport.Problems(configuration));

        // Also outside of FopWatch's section: the storage account's settings, and where telemetry goes.
        foreach (var (name, _) in configuration.AsEnumerable().Where(setting => SecretReference.IsUnresolved(setting.Value)))
        {
            problems.RemoveAll(problem => problem.StartsWith($"{name} ", StringComparison.OrdinalIgnoreCase));
            problems.Add(SecretReference.ProblemOf(name));
        }

        if (problems.Count > 0)
            throw new SettingsException(problems);
        return new()
        {
            Shared = shared!,
            Tables = tables!,
            Table = table,
            ServiceBus = bus,
            Topic = Text(section, BusTopic) ?? ServiceBusPublisherOptions.DefaultTopicName,
            ApiUrl = apiUrl ?? shared!.PublicUrl,
            Otlp = OtlpSettings.Describe(name => configuration[name]),
        };
    }

    private static TableServiceClient? ReadTables(
        IConfiguration configuration, IConfigurationSection section, TokenCredential credential, SteadyTime? time, List<string> problems)
    {
        // The same names as the Functions host's own connection to its storage account, which is the account to use unless told otherwise.
        var uri = Text(section, TablesServiceUri)
            ?? configuration[$"{Storage}:tableServiceUri"]
            ?? (configuration[$"{Storage}:accountName"] is { } account ? $"https://{account}.table.core.windows.net" : null);
        if (uri is not null)
        {
            if (Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttps)
                return new(parsed, credential, TableClient(time));
            problems.Add($"FopWatch:{TablesServiceUri} is no https URL such as https://contoso.table.core.windows.net");
            return null;
        }

        if (configuration[Storage] is not { Length: > 0 } connectionString)
        {
            problems.Add($"FopWatch:{TablesServiceUri} is missing: give it, or {Storage} or {Storage}__accountName for an account that is used for all");
            return null;
        }

        try
        {
            return new(connectionString, TableClient(time));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            problems.Add($"{Storage} is no connection string of a storage account");
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

    private static TableStoreOptions ReadTable(IConfigurationSection section, List<string> problems)
    {
        var options = new TableStoreOptions();
        if (Text(section, TablesName) is { } name)
        {
            options = options with { TableName = name };
            if (name.Length is < 3 or > 63 || !char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit))
                problems.Add($"FopWatch:{TablesName} is not 3 to 63 of A-Z a-z 0-9 with a letter first");
        }

        if (Text(section, TablesBuckets) is { } text)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var buckets) && buckets is >= 1 and <= TableStoreOptions.MaxBuckets)
                options = options with { Buckets = buckets };
            else
                problems.Add($"FopWatch:{TablesBuckets} is '{text}', not a number from 1 to {TableStoreOptions.MaxBuckets}");
        }

        return options;
    }

    private static ServiceBusConnection? ReadBus(IConfigurationSection section, TokenCredential credential, List<string> problems)
    {
        var (name, emulator) = (Text(section, BusNamespace), Text(section, BusConnectionString));
        if (name is not null && emulator is not null)
        {
            problems.Add($"FopWatch:{BusNamespace} and FopWatch:{BusConnectionString} are both there; the second is only for an emulator");
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
            problems.Add(name is null
                ? $"FopWatch:{BusConnectionString} is not an emulator's connection string with UseDevelopmentEmulator=true; "
                    + $"for a namespace in Azure set FopWatch:{BusNamespace}, and the host's identity is used"
                : $"FopWatch:{BusNamespace} is not a host name such as contoso.servicebus.windows.net");
            return null;
        }
    }

    private static Uri? ReadApiUrl(IConfigurationSection section, List<string> problems)
    {
        if (Text(section, ApiUrlName) is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            && url is { Query: "", Fragment: "", UserInfo: "" })
        {
            return url;
        }

        problems.Add($"FopWatch:{ApiUrlName} is not an http or https URL without user, query and fragment, such as https://fopwatch.azurewebsites.net");
        return null;
    }

    private static string? Text(IConfigurationSection section, string name) =>
        section[name] is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;
}
