terraform {
  required_providers {
    restapi = {
      source = "mastercard/restapi"
    }
  }
}

variable "url" {
  type = string
}

variable "key" {
  type      = string
  sensitive = true
}

provider "restapi" {
  uri                  = var.url
  write_returns_object = true
  id_attribute         = "source_id"
  headers = {
    "x-chroma-token" = var.key
    "Content-Type"   = "application/json"
  }
}
