using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace FopWatch.Local.Tests.OpenApi;

/// <summary>
/// The OpenAPI document, generated from the endpoints of a running host. openapi.overlay.json adds what neither endpoints nor types express: examples,
/// ranges, and the descriptions of shared parts.
/// </summary>
internal static class GeneratedDocument
{
    private const string Name = "fopwatch";

    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The component that describes a problem, by its status.</summary>
    private static readonly Dictionary<string, string> Problems = new()
    {
        ["400"] = "InvalidRequest",
        ["401"] = "Unauthorized",
        ["403"] = "Forbidden",
        ["404"] = "NotFound",
        ["405"] = "MethodNotAllowed",
        ["409"] = "NothingToPublish",
        ["413"] = "TooLarge",
        ["421"] = "NotLocal",
        ["500"] = "Internal",
        ["503"] = "Unavailable",
    };

    public static async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        var schemas = new GeneratedSchemas(new(typeof(Job).Assembly, typeof(Problem).Assembly, typeof(JobRecord).Assembly));
        var folder = Directory.CreateTempSubdirectory("fopwatch-test-");
        try
        {
            var settings = new HostSettings { Shared = FopWatchSettings.Read([]), Urls = "http://127.0.0.1:0", Data = folder.FullName };
            await using var host = await LocalHost.StartAsync(
                settings, TimeProvider.System, logging => logging.Services.AddOpenApi(Name, options => Configure(options, schemas)), cancellationToken);
            var document = await host.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(cancellationToken);
            var generated = JsonNode.Parse(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken))!;
            var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                .Where(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>() is not null)
                .ToDictionary(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName);
            return Compose(generated, endpoints, schemas).ToJsonString(Written).ReplaceLineEndings("\n") + "\n";
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Configure(OpenApiOptions options, GeneratedSchemas schemas)
    {
        options.ShouldInclude = operation => operation.HttpMethod != "HEAD";
        options.AddSchemaTransformer((_, context, _) =>
        {
            schemas.Add(context.JsonTypeInfo);
            return Task.CompletedTask;
        });
    }

    private static JsonObject Compose(JsonNode generated, Dictionary<string, RouteEndpoint> endpoints, GeneratedSchemas types)
    {
        var overlay = (JsonObject)Resource("openapi.overlay.json");
        var shared = (JsonObject)overlay["components"]!["parameters"]!;
        var paths = new JsonObject();
        foreach (var (path, operations) in (JsonObject)generated["paths"]!)
        {
            foreach (var (method, operation) in (JsonObject)operations!)
            {
                var endpoint = endpoints[operation!["operationId"]!.GetValue<string>()];
                foreach (var (each, variant) in Variants(path, (JsonObject)operation.DeepClone(), endpoint))
                {
                    Complete(variant, endpoint, shared);
                    (paths[each] ??= new JsonObject())[method] = variant;
                }
            }
        }

        // ASP.NET Core does not describe an endpoint without a handler.
        foreach (var (id, endpoint) in endpoints.Where(one => !paths.Any(path => path.Key == one.Value.RoutePattern.RawText?.Replace("?", "", StringComparison.Ordinal))))
        {
            var operation = new JsonObject
            {
                ["tags"] = new JsonArray([.. endpoint.Metadata.GetRequiredMetadata<ITagsMetadata>().Tags.Select(tag => JsonValue.Create(tag))]),
                ["summary"] = endpoint.Metadata.GetRequiredMetadata<IEndpointSummaryMetadata>().Summary,
                ["description"] = endpoint.Metadata.GetRequiredMetadata<IEndpointDescriptionMetadata>().Description,
                ["operationId"] = id,
                ["responses"] = new JsonObject(),
            };
            Complete(operation, endpoint, shared);
            paths[endpoint.RoutePattern.RawText!] = new JsonObject { ["get"] = operation };
        }

        var schemas = types.Write((JsonObject)generated["components"]!["schemas"]!);
        foreach (var (name, schema) in ContractSchemas())
            schemas[name] = schema;

        var document = new JsonObject { ["openapi"] = "3.1.0" };
        foreach (var name in (string[])["info", "servers", "security", "tags"])
            document[name] = overlay[name]!.DeepClone();
        document["paths"] = paths;
        document["components"] = new JsonObject { ["schemas"] = schemas };
        Merge(document, overlay);
        foreach (var operation in paths.SelectMany(path => path.Value!.AsObject()).Select(operation => operation.Value!.AsObject()))
        {
            operation["responses"] = new JsonObject(operation["responses"]!.AsObject()
                .OrderBy(response => response.Key, StringComparer.Ordinal)
                .Select(response => KeyValuePair.Create(response.Key, response.Value?.DeepClone())));
        }

        return document;
    }

    /// <summary>An operation with an optional last path segment becomes two.</summary>
    private static IEnumerable<(string Path, JsonObject Operation)> Variants(string path, JsonObject operation, RouteEndpoint endpoint)
    {
        if (endpoint.RoutePattern.Parameters is not [.., { IsOptional: true } optional])
            return [(path, operation)];

        var without = (JsonObject)operation.DeepClone();
        without["parameters"] = new JsonArray([.. without["parameters"]!.AsArray().Where(one => one!["name"]!.GetValue<string>() != optional.Name).Select(one => one!.DeepClone())]);
        operation["operationId"] = $"{operation["operationId"]}With{char.ToUpperInvariant(optional.Name[0])}{optional.Name[1..]}";
        return [(path.Replace($"/{{{optional.Name}}}", "", StringComparison.Ordinal), without), (path, operation)];
    }

    /// <summary>Adds the answers of <see cref="FopWatchRoutes.UseFopWatch"/>, and references to shared parts.</summary>
    private static void Complete(JsonObject operation, RouteEndpoint endpoint, JsonObject shared)
    {
        var kind = endpoint.Metadata.GetMetadata<AdmittedAsAttribute>()?.Kind;
        var isOpen = endpoint.Metadata.GetMetadata<OpenToAllAttribute>() is not null;
        var responses = operation["responses"]!.AsObject();
        string[] statuses =
        [
            "405",
            .. (string[])(kind == RequestKind.Health ? [] : ["400", "500", "503"]),
            .. (string[])(isOpen ? [] : ["401", "403", "421"]),

            // Any operation that reads the store may find an unreadable row.
            .. (string[])(responses.ContainsKey("503") ? ["500"] : []),
        ];
        foreach (var status in statuses)
            responses.TryAdd(status, new JsonObject());
        foreach (var status in responses.Select(response => response.Key).Where(Problems.ContainsKey).ToList())
            responses[status] = Reference("responses", Problems[status]);
        if (isOpen)
            operation["security"] = new JsonArray();

        foreach (var (index, parameter) in (operation["parameters"]?.AsArray() ?? []).ToArray().Index())
        {
            var name = parameter!["name"]!.GetValue<string>();
            var component = $"{char.ToUpperInvariant(name[0])}{name[1..]}";
            if (shared[component] is { } one && JsonNode.DeepEquals(one["in"], parameter["in"]))
                operation["parameters"]![index] = Reference("parameters", component);
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode>> ContractSchemas()
    {
        var (record, jobEvent) = (Schema("job-record"), Schema("job-event"));
        return record["$defs"]!.AsObject().Select(definition => KeyValuePair.Create(definition.Key, definition.Value!.DeepClone()))
            .Append(KeyValuePair.Create(nameof(JobRecord), Whole(record)))
            .Append(KeyValuePair.Create(nameof(JobEvent), Whole(jobEvent)));

        static JsonNode Schema(string name) => JsonNode.Parse(Resource($"{name}.schema.json").ToJsonString()
            .Replace("\"job-record.schema.json\"", "\"#/components/schemas/JobRecord\"", StringComparison.Ordinal)
            .Replace("#/$defs/", "#/components/schemas/", StringComparison.Ordinal))!;

        static JsonNode Whole(JsonNode schema) =>
            new JsonObject(schema.AsObject().Where(rule => rule.Key is not ("$schema" or "$defs" or "title" or "examples")).Select(rule => KeyValuePair.Create(rule.Key, rule.Value?.DeepClone())));
    }

    private static void Merge(JsonObject document, JsonObject overlay)
    {
        foreach (var (name, value) in overlay)
        {
            if (value is JsonObject members && document[name] is JsonObject there && !members.ContainsKey("$ref") && !there.ContainsKey("$ref"))
                Merge(there, members);
            else if (value is JsonArray { Count: > 0 } elements && document[name] is JsonArray all && elements.All(element => element is JsonObject one && one.ContainsKey("name")))
                MergeByName(all, elements);
            else
                document[name] = value?.DeepClone();
        }
    }

    /// <summary>Parameters are identified by their names.</summary>
    private static void MergeByName(JsonArray all, JsonArray overlay)
    {
        foreach (var element in overlay)
        {
            var there = all.FirstOrDefault(one => JsonNode.DeepEquals(one!["name"], element!["name"]));
            Assert.True(there is not null, $"openapi.overlay.json has the parameter {element!["name"]}, which no handler takes.");
            Merge(there.AsObject(), element!.AsObject());
        }
    }

    private static JsonObject Reference(string kind, string name) => new() { ["$ref"] = $"#/components/{kind}/{name}" };

    private static JsonNode Resource(string name)
    {
        using var resource = typeof(GeneratedDocument).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        return JsonNode.Parse(resource)!;
    }
}
